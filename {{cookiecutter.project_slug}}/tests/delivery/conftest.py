"""A small product that is delivered."""

from __future__ import annotations

from pathlib import Path

import pytest
from outlet import ENVIRONMENTS, KUSTOMIZATION, MANIFEST, PYPROJECT, commit, git, judge, overlay


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The product's folder, committed, as the working directory; nothing is promoted."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "golden-path.yaml").write_text(MANIFEST)
    (root / "pyproject.toml").write_text(PYPROJECT)
    for environment in ENVIRONMENTS:
        overlay(root, environment).parent.mkdir(parents=True)
        overlay(root, environment).write_text(KUSTOMIZATION)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.com")
    monkeypatch.chdir(root)
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    return root


@pytest.fixture
def mature(tmp_path: Path) -> list[str]:
    """A judge who finds the product fit for production."""
    return judge(tmp_path, 3)
