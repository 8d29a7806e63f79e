"""Workflows are thin and locked: pinned actions, no permissions by default, and make targets that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.template.generation import TEMPLATE

FOLDERS = (TEMPLATE, TEMPLATE / "{{cookiecutter.project_slug}}")
WORKFLOWS = [path for folder in FOLDERS for path in sorted(folder.glob(".github/workflows/*.yml"))]


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
    }

    assert called
    assert called <= targets
