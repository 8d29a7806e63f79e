from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from goldenpath.delivery.image import build, identity
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import MODEL


def git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def committed(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A trained project, committed."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.com")
    (project / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1.2.3"\n')
    (project / "golden-path.yaml").write_text("deploy: {registry: registry.example/team}\n")
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Train")
    return project


def test_an_image_is_named_for_its_commit(committed: Path) -> None:
    found = identity.of_project(committed)

    head = git(committed, "rev-parse", "HEAD")
    assert found.name == f"registry.example/team/shop:{head[:12]}"
    assert (found.revision, found.version) == (head, "1.2.3")
    assert found.arguments["SOURCE_DATE_EPOCH"] == git(committed, "log", "-1", "--format=%ct")


def test_the_model_goes_by_the_version_that_its_commit_is_registered_under(committed: Path) -> None:
    assert identity.of_project(committed).model_version == "unregistered"

    git(committed, "tag", "shop@v0.1.0")

    assert identity.of_project(committed).model_version == "shop@v0.1.0"


def test_changed_files_are_neither_the_commit_nor_the_registered_model(committed: Path) -> None:
    git(committed, "tag", "shop@v0.1.0")
    (committed / "contract.yaml").write_text("changed")

    found = identity.of_project(committed)

    assert found.revision.endswith("-dirty")
    assert found.name.endswith("-dirty")
    assert found.model_version == "unregistered"


def test_a_damaged_model_is_refused(committed: Path) -> None:
    MODEL.write_bytes(b"damaged")

    with pytest.raises(ProjectError, match=r"models/model\.onnx is not the model of models/signature\.json"):
        identity.of_project(committed)


def test_a_missing_model_is_refused(committed: Path) -> None:
    MODEL.unlink()

    with pytest.raises(ProjectError, match="no such file"):
        identity.of_project(committed)


def test_a_project_that_does_not_name_its_registry_is_told(committed: Path) -> None:
    (committed / "golden-path.yaml").write_text("deploy: {}\n")

    with pytest.raises(ProjectError, match=r"golden-path\.yaml: deploy\.registry is missing"):
        identity.of_project(committed)


def test_without_docker_the_build_says_what_to_install(committed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER", "no-such-docker")

    with pytest.raises(ProjectError, match=r"no-such-docker is not installed\. Install Docker"):
        build.build(committed)


def test_pip_settings_are_lent_to_the_build_as_secrets_only() -> None:
    words = build.secrets({"PIP_CONFIG_FILE": "/home/me/pip.conf", "PIP_CERT": "/etc/ca.pem"})

    assert words == [
        *("--secret", "id=pip.conf,src=/home/me/pip.conf"),
        *("--secret", "id=ca,src=/etc/ca.pem"),
        *("--build-arg", "PIP_CERT=/run/secrets/ca"),
    ]


@pytest.mark.parametrize("name", ["registry.example:5000/shop", "registry.example:5000/shop:1"])
def test_a_repository_is_a_name_without_its_tag(name: str) -> None:
    assert build.repository(name) == "registry.example:5000/shop"


def test_a_receipt_names_a_digest_only_once_a_registry_has_given_one(committed: Path) -> None:
    built = identity.of_project(committed)

    assert "image" not in build.described("shop:1", built, "")
    assert build.described("shop:1", built, "sha256:abc")["image"] == "sha256:abc"
