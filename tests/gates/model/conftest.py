"""The small product of :mod:`sales_project`, committed with a good model as champion."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from goldenpath.gates.model import budgets
from tests.gates.model.sales_project import SalesProject, build

AUTHORS = {
    f"GIT_{role}_{what}": who
    for role in ("AUTHOR", "COMMITTER")
    for what, who in (("NAME", "Test"), ("EMAIL", "test@example.com"))
}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product's folder. Do not write to it; see ``sales``."""
    root = tmp_path_factory.mktemp("built") / "sales"
    root.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in AUTHORS.items():
            patch.setenv(name, value)
        build(root)
    return root


@pytest.fixture
def sales(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SalesProject:
    """A copy of the product to change at will, as the working directory."""
    root = tmp_path / "sales"
    shutil.copytree(built, root)
    for name, value in AUTHORS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(budgets, "ROUNDS", 2)
    monkeypatch.setattr(budgets, "ROWS", 40)  # no limit here is so near that it takes more to tell
    monkeypatch.chdir(root)
    return SalesProject(root)
