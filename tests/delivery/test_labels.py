from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from goldenpath.delivery.image.identity import MODEL_DIGEST, MODEL_VERSION, REVISION
from goldenpath.delivery.promote import promote
from goldenpath.project.errors import ProjectError
from tests.delivery.delivered_product import git, image, record, register, state_of


def docker(monkeypatch: pytest.MonkeyPatch, folder: Path, labels: object) -> None:
    """Stands in for Docker's client on a machine that has one image, with labels."""
    program = folder / "docker"
    answer = json.dumps([{"Id": image("a").partition("@")[2], "Config": {"Labels": labels}}])
    program.write_text(f"#!{sys.executable}\nimport sys\nprint({answer!r} if 'inspect' in sys.argv else '')\n")
    program.chmod(0o755)
    monkeypatch.setenv("DOCKER", str(program))


@pytest.fixture
def labelled(shop: Path) -> dict[str, str]:
    """The labels of the image of a registered version."""
    tag = register(shop, "1.0.0", built="a")
    return {
        REVISION: git(shop, "rev-parse", f"{tag}^0"),
        MODEL_VERSION: tag,
        MODEL_DIGEST: f"sha256:{'ab' * 32}",
    }


def test_an_image_whose_labels_name_the_version_is_promoted(
    shop: Path, mature: list[str], labelled: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(monkeypatch, tmp_path, labelled)

    assert "Promote shop@v1.0.0 to dev" in promote(shop, "1.0.0", "dev", image("a"), judge=mature)


@pytest.mark.parametrize(
    ("label", "value", "what"),
    [
        (MODEL_DIGEST, f"sha256:{'cd' * 32}", "its labels say model sha256:cd"),
        (REVISION, "0" * 40, "its labels say commit 0000"),
        (MODEL_VERSION, "shop@v9.0.0", "its labels say version shop@v9.0.0, the registry says shop@v1.0.0"),
    ],
)
def test_an_image_whose_labels_name_something_else_is_refused(
    shop: Path,
    mature: list[str],
    labelled: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    label: str,
    value: str,
    what: str,
) -> None:
    docker(monkeypatch, tmp_path, labelled | {label: value})
    before = state_of(shop)

    with pytest.raises(ProjectError, match=rf"is no image of shop@v1\.0\.0: {what}"):
        promote(shop, "1.0.0", "dev", image("a"), judge=mature)

    assert state_of(shop) == before


def test_an_image_of_uncommitted_files_is_refused(
    shop: Path, mature: list[str], labelled: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(monkeypatch, tmp_path, labelled | {REVISION: f"{labelled[REVISION]}-dirty"})

    with pytest.raises(ProjectError, match=r"its labels say commit \w+-dirty"):
        promote(shop, "1.0.0", "dev", image("a"), judge=mature)


def test_a_receipt_of_a_build_of_another_model_is_refused(
    shop: Path, mature: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = register(shop, "1.0.0")
    facts = {"image": image("a").partition("@")[2], "model": tag, "model_digest": f"sha256:{'cd' * 32}"}
    record(shop, git(shop, "rev-parse", "HEAD"), "TR-14", facts=facts)
    monkeypatch.setenv("DOCKER", "/no/such/docker")

    with pytest.raises(ProjectError, match="the receipt of its build says model sha256:cd"):
        promote(shop, "1.0.0", "dev", judge=mature)
