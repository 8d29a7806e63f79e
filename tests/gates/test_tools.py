"""The tools behind `make deps-check` and `make workflow-lint`, under the settings of this project."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sample import ROOT

BIN = Path(sys.executable).parent
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


def commands(target: str) -> list[list[str]]:
    """The commands of a make target, as the Makefile has them."""
    recipe = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    return [line.lstrip("\t@").split() for line in recipe[1].splitlines()]


def said(target: str, folder: Path) -> tuple[bool, str]:
    """Whether every command of a target succeeds in a folder, and what they say."""
    done = [
        subprocess.run([str(BIN / words[0]), *words[1:]], cwd=folder, capture_output=True, text=True, check=False)
        for words in commands(target)
    ]
    return all(one.returncode == 0 for one in done), "".join(one.stdout + one.stderr for one in done)


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


def test_the_projects_workflows_are_clean() -> None:
    passes, words = said("workflow-lint", ROOT)

    assert passes, words


def test_a_sound_workflow_passes(repository: Path) -> None:
    passes, words = said("workflow-lint", repository)

    assert passes, words


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
def test_a_workflow_that_is_wrong_or_unsafe_is_red(repository: Path, sound: str, bad: str, rule: str) -> None:
    write(repository, WORKFLOW.replace(sound, bad))

    passes, words = said("workflow-lint", repository)

    assert not passes
    assert rule in words


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of this project's code and its list of dependencies."""
    for path in ("pyproject.toml", "src", "notebooks"):
        (shutil.copytree if (ROOT / path).is_dir() else shutil.copy)(ROOT / path, tmp_path / path)
    return tmp_path


def test_the_projects_dependencies_are_those_it_uses(package: Path) -> None:
    passes, words = said("deps-check", package)

    assert passes, words


def test_an_import_that_is_no_dependency_is_red(package: Path) -> None:
    module = next((package / "src").glob("*/errors.py"))
    module.write_text(f"import pluggy\n{module.read_text()}")

    passes, words = said("deps-check", package)

    assert not passes
    assert re.search(r"'pluggy' imported but", words)


def test_a_dependency_that_nothing_imports_is_red(package: Path) -> None:
    listed = (package / "pyproject.toml").read_text()
    (package / "pyproject.toml").write_text(listed.replace('"fastapi>', '"pluggy>=1",\n    "fastapi>', 1))

    passes, words = said("deps-check", package)

    assert not passes
    assert "'pluggy' defined as a dependency but not used" in words
