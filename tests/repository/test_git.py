"""The one layer over git: what it says, and which repository it speaks to."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from goldenpath.project.errors import ProjectError
from goldenpath.repository import git
from tests.repository.conftest import commit


def test_a_refusal_is_told_with_the_reason_of_git(product: Path) -> None:
    with pytest.raises(ProjectError, match=r"^git rev-parse: fatal: .*nothing"):
        git.run(product, "-c", "core.pager=cat", "rev-parse", "nothing")
    assert git.run_or_none(product, "rev-parse", "nothing") is None


def test_variables_of_a_hook_do_not_lead_to_another_repository(
    product: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    git.run(tmp_path / "other", "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other" / "index"))

    assert git.run(product, "ls-files", "README.md") == "README.md"
    assert Path(git.run(product, "rev-parse", "--show-toplevel")).name == product.name


def test_names_beyond_ascii_are_told_as_they_are(product: Path) -> None:
    (product / "Größe.txt").write_text("")

    with pytest.raises(ProjectError, match=r"Not committed: Größe\.txt"):
        git.refuse_changes(product)


def test_contents_of_many_commits_come_in_their_order(product: Path) -> None:
    (product / "README.md").write_text("# Größe\n", encoding="utf-8")
    commit(product)

    texts = git.contents(product, ["HEAD:README.md", "HEAD:missing", "HEAD~1:README.md"])

    assert texts == ["# Größe\n", None, "# Shop\n"]


def test_reading_harmlessly_runs_no_program_of_the_repository(product: Path) -> None:
    made = product / "made"
    git.run(product, "config", "core.fsmonitor", f"touch {made}; false")

    git.harmless(product, "status", "--porcelain")

    assert not made.exists()


def test_reading_harmlessly_fails_outside_of_a_repository(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        git.harmless(tmp_path, "rev-parse", "HEAD")


def test_the_token_of_the_forge_is_used_for_the_remote_alone(product: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", "secret")

    helper = git.to_remote(product, "config", "--get", "credential.helper")

    assert helper == "!gh auth git-credential"
    assert git.run_or_none(product, "config", "--get-all", "credential.helper") is None
