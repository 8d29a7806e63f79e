"""Nothing goes out before CI is green, and the registry's password is told to nobody but Docker."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery import continuous_integration
from goldenpath.project.errors import ProjectError
from tests.command import goldenpath
from tests.delivery.delivered_product import git


def program(folder: Path, name: str, script: str) -> Path:
    """A program that keeps its words in ``NAME.words``, and what it reads in ``NAME.input``."""
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "$@" >> {path}.words\ncat > {path}.input\n{script}\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that are found before any other."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def test_a_green_run_of_this_commit_is_named(shop: Path, bin_folder: Path) -> None:
    program(bin_folder, "gh", "echo https://forge.example.com/runs/7")

    said = continuous_integration.require_green(shop)

    commit = git(shop, "rev-parse", "HEAD")
    assert said == f"Gates of {commit[:9]} are green: https://forge.example.com/runs/7"
    assert (
        f"--workflow ci.yml --branch main --commit {commit} --status success" in (bin_folder / "gh.words").read_text()
    )


def test_without_a_green_run_nothing_is_delivered(shop: Path, bin_folder: Path) -> None:
    program(bin_folder, "gh", "echo")

    ended = goldenpath("ci-green")

    assert ended.exit_code == 1
    assert "Nothing is delivered: no green run of ci.yml on main is known" in ended.stderr


def test_a_forge_that_refuses_is_told_with_its_reason(shop: Path, bin_folder: Path) -> None:
    program(bin_folder, "gh", "echo 'HTTP 401: Bad credentials' >&2; exit 1")

    with pytest.raises(ProjectError, match="gh run list: HTTP 401: Bad credentials"):
        continuous_integration.require_green(shop)


@pytest.fixture
def with_registry(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A product whose manifest names a registry, and an environment that says who signs in."""
    manifest = shop / "golden-path.yaml"
    manifest.write_text(manifest.read_text() + "  registry: registry.example.com/team\n")
    monkeypatch.setenv("REGISTRY_USER", "ada")
    monkeypatch.setenv("REGISTRY_PASSWORD", "pass word")
    return shop


def test_the_password_goes_to_docker_by_its_input_alone(
    with_registry: Path, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = program(bin_folder, "docker", "exit 0")
    monkeypatch.setenv("DOCKER", str(docker))

    said = continuous_integration.sign_in(with_registry)

    assert said == "Signed in to registry.example.com as ada."
    assert (bin_folder / "docker.words").read_text() == "login --username ada --password-stdin registry.example.com\n"
    assert (bin_folder / "docker.input").read_text() == "pass word"


def test_a_registry_that_refuses_is_told_with_its_reason(
    with_registry: Path, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER", str(program(bin_folder, "docker", "echo unauthorized >&2; exit 1")))

    with pytest.raises(ProjectError, match=r"docker login registry\.example\.com: unauthorized"):
        continuous_integration.sign_in(with_registry)


def test_without_a_password_nobody_signs_in(with_registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGISTRY_PASSWORD")

    with pytest.raises(ProjectError, match="REGISTRY_USER and REGISTRY_PASSWORD are not both set"):
        continuous_integration.sign_in(with_registry)
