"""Receipts of several clones become one set, line by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.project.errors import ProjectError
from goldenpath.repository import receipts
from tests.repository.conftest import git


@pytest.fixture
def clones(product: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Two clones of a shared repository."""
    git(tmp_path, "clone", "--quiet", "--bare", str(product), "shared.git")
    for name in ("here", "there"):
        git(tmp_path, "clone", "--quiet", "shared.git", name)
    return tmp_path / "here", tmp_path / "there"


def note(root: Path, text: str) -> None:
    git(root, "notes", f"--ref={receipts.REF}", "append", "--message", text, "HEAD")


def notes(root: Path) -> set[str]:
    return set(git(root, "notes", f"--ref={receipts.REF}", "show", "HEAD").split())


def test_receipts_of_two_clones_are_joined(clones: tuple[Path, Path]) -> None:
    here, there = clones
    note(there, "theirs")
    receipts.push(there)
    note(here, "ours")

    receipts.push(here)
    receipts.pull(there)

    assert notes(here) == notes(there) == {"ours", "theirs"}


def test_receipts_that_nobody_shared_are_no_error(clones: tuple[Path, Path]) -> None:
    assert receipts.pull(clones[0]) == "origin has no receipts yet; its tags are here."
    assert receipts.push(clones[0]) == "No receipt was recorded here, so there is nothing to share."


def test_tags_are_fetched_with_the_receipts(clones: tuple[Path, Path]) -> None:
    here, there = clones
    git(there, "tag", "v1")
    git(there, "push", "--quiet", "origin", "v1")

    receipts.pull(here)

    assert git(here, "tag") == "v1"


def test_a_remote_that_cannot_be_reached_is_told(product: Path) -> None:
    with pytest.raises(ProjectError, match="git fetch: "):
        receipts.pull(product)
