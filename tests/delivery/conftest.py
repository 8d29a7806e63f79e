"""A small product that is delivered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.delivered_product import (
    ENVIRONMENTS,
    KUSTOMIZATION,
    MANIFEST,
    PYPROJECT,
    commit,
    git,
    judge,
    opened,
    overlay,
    register,
)


@pytest.fixture(scope="module", autouse=True)
def ada() -> Iterator[None]:
    """Who commits."""
    with pytest.MonkeyPatch.context() as patch:
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Ada")
            patch.setenv(f"GIT_{role}_EMAIL", "ada@example.com")
        yield


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product's folder, committed; nothing is promoted. Do not write to it; see ``shop``."""
    root = tmp_path_factory.mktemp("start") / "shop"
    root.mkdir()
    (root / "golden-path.yaml").write_text(MANIFEST)
    (root / "pyproject.toml").write_text(PYPROJECT)
    for environment in ENVIRONMENTS:
        overlay(root, environment).parent.mkdir(parents=True)
        overlay(root, environment).write_text(KUSTOMIZATION)
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    return root


@pytest.fixture
def shop(start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the product to change at will, as the working directory."""
    return opened(start, tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def first_version(start: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product with version 1.0.0, whose image is ``a``. Do not write to it; see ``registered``."""
    with pytest.MonkeyPatch.context() as patch:
        root = opened(start, tmp_path_factory.mktemp("registered"), patch)
        register(root, "1.0.0", built="a")
    return root


@pytest.fixture
def registered(first_version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the product with version 1.0.0, as the working directory."""
    return opened(first_version, tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def mature(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A judge who finds the product fit for production."""
    return judge(tmp_path_factory.mktemp("judge"), 3)
