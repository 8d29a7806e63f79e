"""A small product in git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """The product's folder, committed; its remote is a folder beside it."""
    root = tmp_path / "shop"
    files = {
        "README.md": "# Shop\n",
        ".gitignore": "/.stage-costs\n",
        ".dvc/config": "[core]\n    remote = default\n['remote \"default\"']\n    url = ../../shop-storage\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    return root


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Work")
