"""A small product in git and DVC, whose pipeline has run: real rows, real digests, a real record."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest
import yaml
from dvc.cli import main as dvc
from orders import PIPELINE, ROOT, git, orders, run_pipeline


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, shop_text: str) -> Path:
    """The product as it was committed. Do not write to it; see ``product``."""
    root = tmp_path_factory.mktemp("finished") / "shop"
    (root / "data").mkdir(parents=True)
    orders().to_parquet(root / "source.parquet", index=False)
    (root / "contract.yaml").write_text(shop_text)
    shutil.copy(ROOT / "params.yaml", root)
    (root / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE, sort_keys=False))
    (root / ".gitignore").write_text("/data/*.parquet\n/reports/*-check.json\n/reports/*-diff.json\n")
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "Test")
    git(root, "config", "user.email", "test@example.com")
    with contextlib.chdir(root):
        assert dvc(["init", "--quiet"]) == 0
    run_pipeline(root)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Train")
    return root


@pytest.fixture
def product(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the product on a branch of its own, as the working directory, to change at will."""
    root = tmp_path / "shop"
    shutil.copytree(finished, root)
    git(root, "checkout", "--quiet", "-b", "change")
    monkeypatch.chdir(root)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return root


@pytest.fixture
def fresh_clone(finished: Path, tmp_path: Path) -> Path:
    """A clone without any data."""
    git(tmp_path, "clone", "--quiet", str(finished), "clone")
    return tmp_path / "clone"
