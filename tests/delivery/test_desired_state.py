from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from goldenpath.delivery import desired_state
from goldenpath.delivery.desired_state import DesiredState
from goldenpath.project.errors import ProjectError
from tests.delivery.delivered_product import COMPOSE, digest, image, overlay

PROMOTED = DesiredState(desired_state.image(image("a"), "test"), "shop@v1.0.0")


@pytest.fixture(params=["kustomization.yaml", "compose.yaml"])
def file(shop: Path, request: pytest.FixtureRequest) -> Path:
    path = overlay(shop, "dev")
    if request.param == "compose.yaml":
        path.unlink()
        path = path.with_name("compose.yaml")
        path.write_text(COMPOSE)
    return path


def test_says_that_nothing_is_promoted_yet(shop: Path, file: Path) -> None:
    state = desired_state.read(shop, "dev")

    assert state.is_empty
    assert state.image.digest == desired_state.NOTHING


def test_what_was_written_is_read_again(shop: Path, file: Path) -> None:
    desired_state.write(shop, "dev", PROMOTED)

    assert desired_state.read(shop, "dev") == PROMOTED


def test_writing_leaves_every_other_character_alone(shop: Path, file: Path) -> None:
    before = file.read_text().splitlines()

    desired_state.write(shop, "dev", PROMOTED)

    changed = [line[2:].strip() for line in difflib.ndiff(before, file.read_text().splitlines()) if line[:2] == "- "]
    assert len(changed) == 2
    assert all("sha256:" in line or "golden-path/model" in line for line in changed)


def test_writing_there_and_back_gives_the_same_state(shop: Path, file: Path) -> None:
    before = desired_state.read(shop, "dev")
    desired_state.write(shop, "dev", PROMOTED)

    desired_state.write(shop, "dev", before)

    assert desired_state.read(shop, "dev") == before
    assert desired_state.read(shop, "dev").is_empty


def test_a_comment_behind_a_value_stays(shop: Path) -> None:
    desired_state.write(shop, "dev", PROMOTED)

    assert f"digest: {digest('a')}  # the digest" in overlay(shop, "dev").read_text()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    digest: sha256:", "    tag: ", r"lacks images\.0\.digest"),
        ("0" * 64, "0" * 63, "64 hexadecimal digits"),
        ("golden-path/model", "model", "lacks commonAnnotations"),
        ("images:", "images: [", "is no YAML"),
    ],
)
def test_a_file_that_does_not_say_what_runs_is_refused(shop: Path, old: str, new: str, words: str) -> None:
    path = overlay(shop, "dev")
    path.write_text(path.read_text().replace(old, new))

    with pytest.raises(ProjectError, match=words):
        desired_state.read(shop, "dev")


@pytest.mark.parametrize("text", ["shop:latest", "shop:1.0.0", "shop", f"@{digest('a')}", f"shop@{digest('a')[:-1]}"])
def test_an_image_without_name_and_digest_is_refused(text: str) -> None:
    with pytest.raises(ProjectError, match="IMAGE="):
        desired_state.image(text, "IMAGE")


def test_an_environment_that_nobody_named_is_refused(shop: Path) -> None:
    with pytest.raises(ProjectError, match="ENV is 'qa': want one of dev, staging, prod"):
        desired_state.check_environment(shop, "qa")


def test_a_missing_overlay_is_refused(shop: Path) -> None:
    overlay(shop, "dev").unlink()

    with pytest.raises(ProjectError, match="git checkout HEAD -- deploy/overlays/dev"):
        desired_state.read(shop, "dev")
