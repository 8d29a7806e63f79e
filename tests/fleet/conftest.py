"""A project of the sample product, generated, trained on a month and committed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from goldenpath.conformance.sample import stage, working_in
from goldenpath.pipeline.fingerprints import STAGES
from goldenpath.project.paths import DVC_LOCK
from tests.conftest import Once
from tests.sample import ROOT

SMALL = {'through: "2013-10"': 'through: "2013-01"', "max_iter: 150": "max_iter: 20", "bootstrap: 200": "bootstrap: 20"}


@pytest.fixture(scope="session")
def trained_project(once: Once) -> Path:
    """The project; not to be written to, see ``product``."""
    return once("trained-project", _train) / ROOT.name


@pytest.fixture
def product(trained_project: Path, tmp_path: Path) -> Path:
    """A copy of the trained project, whose tree is clean."""
    return Path(shutil.copytree(trained_project, tmp_path / trained_project.name, symlinks=True))


@pytest.fixture
def untrained(tmp_path: Path) -> Path:
    """A copy of the generated project, whose tree is clean."""
    return Path(shutil.copytree(ROOT, tmp_path / ROOT.name, symlinks=True))


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path, message: str = "Work") -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)


def _train(folder: Path) -> None:
    project = Path(shutil.copytree(ROOT, folder / ROOT.name))
    params = project / "params.yaml"
    text = params.read_text(encoding="utf-8")
    for before, after in SMALL.items():
        assert before in text, before
        text = text.replace(before, after)
    params.write_text(text, encoding="utf-8")
    with working_in(project):
        for name in STAGES:
            stage(name)()
    # As if DVC had run them; it would start a process for each.
    subprocess.run([sys.executable, "-m", "dvc", "commit", "--force", "--quiet"], cwd=project, check=True)
    assert (project / DVC_LOCK).is_file()
    commit(project, "Train")
