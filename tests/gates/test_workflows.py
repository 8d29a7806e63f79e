"""The gate of workflows, under the settings of a generated project."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from goldenpath.gates import tools, workflows
from goldenpath.gates.verdict import InconclusiveError
from tests.sample import ROOT

WORKFLOW = """\
name: CI
on: pull_request
permissions: {}
jobs:
  test:
    runs-on: ubuntu-latest
    timeout-minutes: 5
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - run: make test
"""


def expression(text: str) -> str:
    """An expression of a workflow, written so that it is none of this file's template."""
    return "".join(["${", "{ ", text, " }", "}"])


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one sound workflow."""
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    write(tmp_path, WORKFLOW)
    return tmp_path


def write(root: Path, workflow: str) -> None:
    path = root / ".github" / "workflows" / "ci.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(workflow)


def test_the_projects_workflows_are_clean(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = workflows.run(ROOT)

    assert outcome.verdict == "pass", capsys.readouterr().out


def test_a_sound_workflow_passes(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = workflows.run(repository)

    assert outcome.verdict == "pass", capsys.readouterr().out


@pytest.mark.parametrize(
    ("sound", "bad", "rule"),
    [
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-uses"),
        ("    permissions:\n      contents: read\n", "    permissions: write-all\n", "excessive-permissions"),
        ("on: pull_request", "on: pull_request_target", "dangerous-triggers"),
        ("run: make test", f"run: echo {expression('github.event.pull_request.title')}", "template-injection"),
        ("          persist-credentials: false\n", "          show-progress: false\n", "artipacked"),
        ("runs-on: ubuntu-latest", "runs-on: ubuntu-lates", "runner-label"),
        ("run: make test", f"run: {expression('github.evnt')}", "expression"),
    ],
)
def test_a_workflow_that_is_wrong_or_unsafe_is_red(
    repository: Path, sound: str, bad: str, rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(repository, WORKFLOW.replace(sound, bad))

    outcome = workflows.run(repository)

    assert outcome.verdict == "fail"
    assert rule in capsys.readouterr().out


def test_a_linter_that_is_not_installed_is_inconclusive(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "BIN", tmp_path / "empty")

    with pytest.raises(InconclusiveError, match="actionlint is not installed"):
        workflows.run(repository)
