"""Workflows are thin and locked: pinned actions, no permissions by default, and commands that exist."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from tests.template import verbs
from tests.template.generation import TEMPLATE

FOLDERS = (TEMPLATE, TEMPLATE / "{{cookiecutter.project_slug}}")
WORKFLOWS = [path for folder in FOLDERS for path in sorted(folder.glob(".github/workflows/*.yml"))]
ACTIONS = sorted(FOLDERS[1].glob(".github/actions/*/action.yml"))
"""Of the project itself, which its workflows call."""


@pytest.fixture(params=WORKFLOWS, ids=lambda path: str(path.relative_to(TEMPLATE)))
def workflow(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: str(path.relative_to(TEMPLATE)))
def test_every_action_is_pinned_by_commit_with_its_version(path: Path) -> None:
    used = re.findall(r"uses: *(.*)", path.read_text(encoding="utf-8"))

    own = {f"./{action.parent.relative_to(FOLDERS[1])}" for action in ACTIONS}
    others = [line for line in used if line.split()[0] not in own]
    assert others
    assert [line for line in others if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


def test_grants_no_permission_by_default(workflow: Path) -> None:
    assert yaml.safe_load(workflow.read_text(encoding="utf-8"))["permissions"] == {}


def test_calls_only_targets_and_verbs_that_exist(workflow: Path) -> None:
    makefile = workflow.parents[2] / "Makefile"
    targets = set(re.findall(r"^([a-z-]+):", makefile.read_text(encoding="utf-8"), flags=re.MULTILINE))
    called = {
        target
        for line in re.findall(r"\bmake((?: [a-z-]+)+)", workflow.read_text(encoding="utf-8"))
        for target in line.split()
        if not target.startswith("-")
    }

    said = verbs.SAID.findall(workflow.read_text(encoding="utf-8"))
    modules = re.findall(r"-m (goldenpath[\w.]+)", workflow.read_text(encoding="utf-8"))
    assert called or said or modules
    assert [name for name in modules if find_spec(name) is None] == []
    assert called <= targets
    assert [fault for words in said if (fault := verbs.fault(words))] == []


def test_every_job_ends_in_time(workflow: Path) -> None:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]

    unlimited = 360  # what GitHub sets where a job sets nothing
    assert [name for name, job in jobs.items() if not 0 < job["timeout-minutes"] < unlimited] == []


def test_no_shell_is_given_what_a_stranger_may_have_written(workflow: Path) -> None:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]

    scripts = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert scripts
    assert [script for script in scripts if "${{" in script] == []


def test_no_checkout_leaves_its_token_behind(workflow: Path) -> None:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]

    checkouts = [step for job in jobs.values() for step in job["steps"] if "actions/checkout@" in step.get("uses", "")]
    assert [step["with"].get("persist-credentials") for step in checkouts] == [False] * len(checkouts)


def test_what_may_write_comments_runs_no_code_of_the_pull_request() -> None:
    text = (FOLDERS[1] / ".github/workflows/comment.yml").read_text(encoding="utf-8")
    [job] = yaml.safe_load(text)["jobs"].values()

    assert job["permissions"] == {"actions": "read", "contents": "read", "pull-requests": "write"}
    assert [step["with"] for step in job["steps"] if "checkout" in step.get("uses", "")] == [
        {"persist-credentials": False}
    ], "no `ref`: what is checked out is the default branch"
    assert "secrets." not in text
