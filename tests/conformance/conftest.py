"""One whole run of the suite on the sample, and copies of the sample to spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conformance import product


@pytest.fixture
def untrained(tmp_path: Path) -> Path:
    """A product as it was generated, to change at will."""
    product.copy(tmp_path)
    return tmp_path


@pytest.fixture
def with_model(untrained: Path, trained: Path) -> Path:
    """A product that holds a model of its contract, to change at will."""
    shutil.copytree(trained / "models", untrained / "models", dirs_exist_ok=True)
    return untrained
