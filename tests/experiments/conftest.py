"""A shop whose customers an experiment is made on: nothing is trained, because an experiment looks at answers only."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.experiments.experiment_factory import lay_out


@pytest.fixture
def counter(shop_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop as the working directory."""
    lay_out(tmp_path, shop_text)
    monkeypatch.chdir(tmp_path)
    return tmp_path
