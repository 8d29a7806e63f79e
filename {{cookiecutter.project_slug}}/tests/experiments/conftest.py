"""A shop whose customers an experiment is made on: nothing is trained, because an experiment looks at answers only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture
def counter(shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of the shop: contract, parameters and manifest."""
    shop()
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    settings |= {"problem": "classification", "positive_class": True}
    settings["value"] |= {"missed": 60.0, "false_alarm": 12.0}
    settings["evaluation"]["confidence"] = 0.95
    settings["gates"] = {"non_inferiority": {"roc_auc": {"absolute": 0.005}}, "latency": {"times_champion": 2.0}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    (tmp_path / "golden-path.yaml").write_text("kpi: {name: cost_per_row, label_lag_days: 3}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path
