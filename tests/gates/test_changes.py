from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from goldenpath.cli import main
from goldenpath.gates import github
from goldenpath.gates.changes import METRICS_DIFF, documents_only, metrics_diff
from goldenpath.gates.verdict import InconclusiveError
from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit
from goldenpath.repository import wheel
from tests.gates.orders import dvc, git
from tests.sample import TEMPLATE


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A branch that has changed nothing yet, as the working directory; its base is main."""
    root = tmp_path / "product"
    for name in ("README.md", "docs/guide.md", "docs/model-card.md", "docs/openapi.json", "src/model.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("first\n")
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "First")
    git(root, "checkout", "--quiet", "-b", "change")
    monkeypatch.chdir(root)
    return root


def commit(root: Path, **files: str) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "Change")


@pytest.mark.parametrize(
    ("changed", "only"),
    [
        (("README.md",), True),
        (("CHANGELOG.md", "docs/deep/er.md"), True),
        ((), False),
        (("README.md", "src/model.py"), False),
        (("src/README.md",), False),
        (("docs/model-card.md",), False),
        (("docs/openapi.json",), False),
    ],
)
def test_only_documents_count_as_documents(repository: Path, changed: tuple[str, ...], only: bool) -> None:
    commit(repository, **dict.fromkeys(changed, "second\n"))

    assert documents_only(repository, "main") is only


def test_a_document_that_is_gone_is_more_than_a_change_of_words(repository: Path) -> None:
    git(repository, "mv", "docs/guide.md", "docs/manual.md")
    commit(repository)

    assert documents_only(repository, "main") is False


def test_what_the_base_gained_meanwhile_does_not_count(repository: Path) -> None:
    commit(repository, **{"README.md": "second\n"})
    git(repository, "checkout", "--quiet", "main")
    commit(repository, **{"src/model.py": "second\n"})
    git(repository, "checkout", "--quiet", "change")

    assert documents_only(repository, "main") is True


def test_an_unknown_base_is_inconclusive(repository: Path) -> None:
    with pytest.raises(InconclusiveError, match="release is not in this clone"):
        documents_only(repository, "release")


def test_the_verb_tells_the_workflow(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(github.OUTPUT, str(tmp_path / "output"))
    commit(repository, **{"README.md": "second\n"})

    done = CliRunner().invoke(main, ["changes", "--base", "main"])

    assert (done.exit_code, done.output) == (Exit.OK, "documents-only=true\n")
    assert (tmp_path / "output").read_text() == "documents-only=true\n"


def test_it_runs_from_the_wheel_where_nothing_is_installed(repository: Path, tmp_path: Path) -> None:
    commit(repository, **{"README.md": "second\n"})
    vendored = wheel.build(TEMPLATE, tmp_path / "vendor")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    words = [sys.executable, "-S", "-m", "goldenpath.gates.changes"]

    known, unknown = (
        subprocess.run(
            [*words, ref], env=environment | {"PYTHONPATH": str(vendored)}, capture_output=True, text=True, check=False
        )
        for ref in ("main", "release")
    )

    assert (known.returncode, known.stdout, known.stderr) == (Exit.OK, "documents-only=true\n", "")
    assert unknown.returncode == Exit.INCONCLUSIVE
    assert unknown.stderr.startswith("changes is inconclusive.\nrelease is not in this clone")


@pytest.fixture
def measured(repository: Path) -> Path:
    """A pipeline's metrics, moved since main."""
    stage = {"cmd": "true", "metrics": [{"metrics.json": {"cache": False}}]}
    dvc(repository, "init", "--quiet")
    (repository / "dvc.yaml").write_text(json.dumps({"stages": {"evaluate": stage}}))
    commit(repository, **{"metrics.json": '{"roc_auc": 0.6}'})
    git(repository, "branch", "--force", "main")
    (repository / "metrics.json").write_text('{"roc_auc": 0.7}')
    return repository


def test_moved_metrics_become_markdown(measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(github.STEP_SUMMARY, str(tmp_path / "summary.md"))

    text = metrics_diff(measured, "main")

    assert [cell.strip() for cell in text.splitlines()[2].split("|")[1:4]] == ["metrics.json", "roc_auc", "0.6"]
    assert (measured / METRICS_DIFF).read_text() == (tmp_path / "summary.md").read_text() == text


def test_metrics_beside_an_unknown_base_are_refused(measured: Path) -> None:
    with pytest.raises(ProjectError, match=r"dvc metrics diff: .*release"):
        metrics_diff(measured, "release")
