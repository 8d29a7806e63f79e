"""A small product in git."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldenpath.project import paths
from tests.delivery.release.product_files import DVC, LOCK, README, commit, git, lineage


@pytest.fixture
def product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The product's folder, committed, as the working directory."""
    root = tmp_path / "shop"
    files = {
        "pyproject.toml": '[project]\nname = "shop"\nversion = "0.1.0"\n',
        "CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n\n- Prices in euro.\n",
        "README.md": README,
        "dvc.yaml": DVC,
        "dvc.lock": LOCK,
        ".dvc/config": "[core]\n    remote = default\n['remote \"default\"']\n    url = ../../shop-storage\n",
        str(paths.METRICS): json.dumps({"model": {"roc_auc": {"value": 0.7}}}),
        str(paths.LINEAGE): json.dumps(lineage()),
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.com")
    monkeypatch.chdir(root)
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    return root
