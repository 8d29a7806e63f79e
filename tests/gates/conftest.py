"""A small product in git and DVC, whose pipeline has run: real rows, real digests, a real record."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.gates.orders import PIPELINE, dvc, git, orders, run_pipeline
from tests.sample import ROOT


@pytest.fixture(scope="session")
def finished(once: Callable[..., Path], shop_text: str) -> Path:
    """The product as it was committed. Do not write to it; see ``product``."""
    return once("finished", lambda root: finish(root, shop_text))


def finish(root: Path, shop_text: str) -> None:
    """Lay the product out, run its pipeline and commit both."""
    (root / "data").mkdir()
    orders().to_parquet(root / "source.parquet", index=False)
    (root / "contract.yaml").write_text(shop_text)
    shutil.copy(ROOT / "params.yaml", root)
    (root / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE, sort_keys=False))
    (root / ".gitignore").write_text("/data/*.parquet\n/reports/*-check.json\n/reports/*-diff.json\n")
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "Test")
    git(root, "config", "user.email", "test@example.com")
    dvc(root, "init", "--quiet")
    run_pipeline(root)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Train")


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
