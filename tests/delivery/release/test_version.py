from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery.release import version
from goldenpath.project.errors import ProjectError
from tests.command import goldenpath
from tests.delivery.release.product_files import commit, git


def test_what_is_unreleased_gets_the_version_and_the_tag_stands_on_it(product: Path) -> None:
    version.release(product, "2026-03-05")

    assert (product / "CHANGELOG.md").read_text() == (
        "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-03-05\n\n- Prices in euro.\n"
    )
    assert git(product, "rev-parse", "v0.1.0^{commit}") == git(product, "rev-parse", "HEAD")
    assert git(product, "cat-file", "-t", "v0.1.0") == "tag"
    assert git(product, "status", "--porcelain") == ""


def test_notes_that_are_there_are_left_as_they_are(product: Path) -> None:
    (product / "CHANGELOG.md").write_text("# Changelog\n\n## 0.1.0\n\n- Written in the pull request.\n")
    commit(product)
    before = git(product, "rev-parse", "HEAD")

    version.release(product, "2026-03-05")

    assert git(product, "rev-parse", "HEAD") == before


def test_a_version_is_released_once(product: Path) -> None:
    version.release(product, "2026-03-05")

    with pytest.raises(ProjectError, match=r"v0\.1\.0 is released already"):
        version.release(product, "2026-03-06")


def test_a_version_without_notes_is_refused(product: Path) -> None:
    (product / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n## [0.0.1]\n\n- Older.\n")
    commit(product)

    with pytest.raises(ProjectError, match="nothing stands under Unreleased"):
        version.release(product, "2026-03-05")

    assert git(product, "tag") == ""


def test_changes_that_are_not_committed_are_refused(product: Path) -> None:
    (product / "README.md").write_text("changed")

    ended = goldenpath("release")

    assert ended.exit_code == 1
    assert ended.stderr.startswith("release failed.\nNot committed: README.md")
    assert git(product, "tag") == ""
