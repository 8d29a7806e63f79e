from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.release import register
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import LINEAGE
from tests.command import goldenpath
from tests.delivery.release.product_files import MODEL_SHA256, commit, git, lineage


@pytest.fixture
def current(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Answers for ``dvc status``, whose own judgement DVC tests: nothing has changed, unless the test says what has."""

    def answer(stale: dict[str, Any]) -> None:
        real = subprocess.run

        def run(words: list[str], **settings: Any) -> Any:
            if "status" in words and "dvc" in words:
                return subprocess.CompletedProcess(words, 0, json.dumps(stale), "")
            return real(words, **settings)

        monkeypatch.setattr(subprocess, "run", run)

    answer({})
    return answer


def write_lineage(product: Path, **changes: Any) -> None:
    (product / LINEAGE).write_text(json.dumps(lineage(**changes)))
    commit(product)


def test_the_tag_stands_on_the_commit_and_tells_the_lineage(product: Path, current: Any) -> None:
    register.register(product)

    message = git(product, "tag", "--list", "--format=%(contents)", "shop@v0.1.0")
    assert git(product, "rev-parse", "shop@v0.1.0^{commit}") == git(product, "rev-parse", "HEAD")
    for line in (f"sha256: {MODEL_SHA256}", "trained-from: c0ffee", f"data/raw.parquet: {'cd' * 32}", "roc_auc: 0.7"):
        assert line in message.splitlines()


def test_the_next_model_gets_the_next_version(product: Path, current: Any) -> None:
    register.register(product)
    write_lineage(product, digest="ef" * 32)

    register.register(product)

    assert git(product, "tag").split() == ["shop@v0.1.0", "shop@v0.2.0"]


def test_a_version_can_be_said(product: Path, current: Any) -> None:
    register.register(product, "2.0.1")

    assert git(product, "tag") == "shop@v2.0.1"


@pytest.mark.parametrize(
    ("version", "words"),
    [("", "This very model is registered"), ("0.1.0", "registered already"), ("next", "want three numbers")],
)
def test_a_version_that_would_say_nothing_new_is_refused(product: Path, current: Any, version: str, words: str) -> None:
    register.register(product)

    with pytest.raises(ProjectError, match=words):
        register.register(product, version)


def test_a_model_trained_from_uncommitted_changes_is_refused(product: Path, current: Any) -> None:
    write_lineage(product, dirty=True)

    with pytest.raises(ProjectError, match="trained from changes that were not committed"):
        register.register(product)


def test_results_of_other_inputs_are_refused(product: Path, current: Any) -> None:
    current({"train": ["changed deps"]})

    with pytest.raises(ProjectError, match=r"dvc\.lock is not that of these files: train"):
        register.register(product)


def test_papers_that_are_not_in_git_are_refused(product: Path, current: Any) -> None:
    git(product, "rm", "--quiet", "--cached", str(LINEAGE))
    (product / ".gitignore").write_text(f"/{LINEAGE}\n")
    commit(product)

    with pytest.raises(ProjectError, match="is not in git"):
        register.register(product)


def test_a_change_that_is_not_committed_is_refused(product: Path, current: Any) -> None:
    (product / "new.txt").write_text("")

    ended = goldenpath("register")

    assert ended.exit_code == 1
    assert ended.stderr.startswith("register failed.\nNot committed: new.txt")
    assert git(product, "tag") == ""


def test_a_stale_lock_is_seen_by_dvc_itself(product: Path) -> None:
    with pytest.raises(ProjectError, match="export"):
        register.register(product)
