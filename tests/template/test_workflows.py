"""Workflows are thin and locked: pinned actions, no permissions by default, and make targets that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.template.generation import TEMPLATE, generate, run

FOLDERS = (TEMPLATE, TEMPLATE / "{{cookiecutter.project_slug}}")
WORKFLOWS = [path for folder in FOLDERS for path in sorted(folder.glob(".github/workflows/*.yml"))]


PYTHON = """\
#!/bin/sh
case "$1" in -c) echo 2026-01-01; exit ;; esac
shift
echo "$*" | sed 's/.*monitoring\\.//'
case "$1" in *.monitoring.$ENDING) exit "$CODE" ;; esac
"""


@pytest.fixture(params=WORKFLOWS, ids=lambda path: str(path.relative_to(TEMPLATE)))
def workflow(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_every_action_is_pinned_by_commit_with_its_version(workflow: Path) -> None:
    used = re.findall(r"uses: *(.*)", workflow.read_text(encoding="utf-8"))

    assert used
    assert [line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


def test_grants_no_permission_by_default(workflow: Path) -> None:
    assert yaml.safe_load(workflow.read_text(encoding="utf-8"))["permissions"] == {}


def test_calls_only_targets_that_exist(workflow: Path) -> None:
    makefile = workflow.parents[2] / "Makefile"
    targets = set(re.findall(r"^([a-z-]+):", makefile.read_text(encoding="utf-8"), flags=re.MULTILINE))
    called = {
        target
        for line in re.findall(r"\bmake((?: [a-z-]+)+)", workflow.read_text(encoding="utf-8"))
        for target in line.split()
        if not target.startswith("-")
    }

    assert called
    assert called <= targets


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


@pytest.fixture(scope="module")
def looking(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose looks end as the environment says: a stand-in for Python, with the names of what it ran."""
    project = generate(template, tmp_path_factory.mktemp("looking"))
    programs = project / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").write_text(PYTHON, encoding="utf-8")
    (programs / "python").chmod(0o755)
    (project / ".venv" / ".installed").touch()
    (project / "logs" / "predictions" / "labels").mkdir(parents=True)
    return project


@pytest.mark.parametrize(
    ("code", "is_look"), [(0, True), (3, True), (4, True), (1, False), (2, False), (137, False), (139, False)]
)
@pytest.mark.parametrize("ending", ["drift", "replay", "performance"])
def test_a_look_that_alarms_is_none_that_failed_crashed_or_was_killed(
    looking: Path, ending: str, code: int, is_look: bool
) -> None:
    done = run(["make", "monitor", "FILE=labels.csv"], looking, ENDING=ending, CODE=str(code))

    assert (done.returncode == 0) == is_look, done.stdout + done.stderr


def test_performance_is_judged_where_labels_are_given_or_lie_beside_the_log(looking: Path) -> None:
    store = looking / "logs" / "predictions" / "labels" / "labels.parquet"
    without = run(["make", "monitor"], looking).stdout
    given = run(["make", "monitor", "FILE=labels.csv"], looking).stdout
    store.touch()
    beside = run(["make", "monitor"], looking).stdout
    store.unlink()

    assert "labels: none lie beside the log" in without
    assert "performance" not in without
    assert "performance --log logs/predictions -- labels.csv\n" in given
    assert "performance --log logs/predictions -- \n" in beside


def test_what_may_write_comments_runs_no_code_of_the_pull_request() -> None:
    text = (FOLDERS[1] / ".github/workflows/pr-comment.yml").read_text(encoding="utf-8")
    [job] = yaml.safe_load(text)["jobs"].values()

    assert job["permissions"] == {"actions": "read", "contents": "read", "pull-requests": "write"}
    assert [step["with"] for step in job["steps"] if "checkout" in step.get("uses", "")] == [
        {"persist-credentials": False}
    ], "no `ref`: what is checked out is the default branch"
    assert "secrets." not in text
