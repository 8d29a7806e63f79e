"""A branch that changed a parameter, whose model is a little better than the base's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.gates.report.branches import NEW_MODEL, OLD_MODEL, PARAMS, Branch, git


def _repository(root: Path) -> Branch:
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "Test")
    git(root, "config", "user.email", "test@example.com")
    (root / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    (root / "golden-path.yaml").write_text("product: {name: Shop}\n")
    return Branch(root)


def _commit(branch: Branch, message: str) -> None:
    git(branch.root, "add", "--all")
    git(branch.root, "commit", "--quiet", "--message", message)


@pytest.fixture(autouse=True)
def on_a_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STEP_SUMMARY", "HEAD_REF", "SERVER_URL", "REPOSITORY", "RUN_ID"):
        monkeypatch.delenv(f"GITHUB_{name}", raising=False)


def _changed(root: Path, *, curves: bool = False) -> Path:
    made = _repository(root)
    made.results(OLD_MODEL, 0.68, group_auc=0.7)
    if curves:
        made.curve(0.68)
    _commit(made, "Train")
    git(root, "checkout", "--quiet", "-b", "change")
    (root / "params.yaml").write_text(yaml.safe_dump(PARAMS | {"model": {"max_iter": 20, "seed": 0}}))
    made.results(NEW_MODEL, 0.7, rows=200)
    if curves:
        made.curve(0.7)
    _commit(made, "More rounds")
    return root


@pytest.fixture(scope="session")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of ``branch``. Do not write to it."""
    return _changed(tmp_path_factory.mktemp("changed"))


@pytest.fixture
def branch(changed: Path, tmp_path: Path) -> Branch:
    return Branch(shutil.copytree(changed, tmp_path, dirs_exist_ok=True))


@pytest.fixture
def drawn(tmp_path: Path) -> Branch:
    """The same branch with a curve on both sides."""
    return Branch(_changed(tmp_path, curves=True))


@pytest.fixture
def first_model(tmp_path: Path) -> Branch:
    """A branch that brings the first model; its base has parameters and no results."""
    made = _repository(tmp_path)
    _commit(made, "Generate")
    git(tmp_path, "checkout", "--quiet", "-b", "change")
    made.results(NEW_MODEL, 0.7)
    made.curve(0.7)
    _commit(made, "Train")
    return made
