from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from goldenpath.pipeline.validate import validate
from goldenpath.project import contract
from goldenpath.project.contract import ContractError
from goldenpath.project.paths import QUARANTINE, RAW, VALID, VALIDATION_REPORT
from goldenpath.tables.validation import VIOLATIONS


def spoil(share: float) -> str:
    """Take the target from a share of the raw rows; returns its name."""
    target = contract.load().target
    raw = pd.read_parquet(RAW)
    spoiled = raw.sample(frac=share, random_state=1).index
    raw[target.physical_name] = raw[target.physical_name].astype(object)
    raw.loc[spoiled, target.physical_name] = None
    raw.to_parquet(RAW, index=False)
    return target.name


def test_too_many_bad_rows_stop_the_pipeline_with_counts_and_samples(project: Path) -> None:
    target = spoil(0.5)

    with pytest.raises(ContractError) as refusal:
        validate()

    assert f"rows: {target} must be present" in str(refusal.value)
    assert "The first of them" in str(refusal.value)
    assert "Fix the data at its source" in str(refusal.value)
    assert len(pd.read_parquet(QUARANTINE)) >= len(pd.read_parquet(RAW)) * 0.5, "bad rows can be looked into"


def test_few_bad_rows_are_set_aside_with_their_reasons(project: Path) -> None:
    before = json.loads(VALIDATION_REPORT.read_text())["quarantined"]
    target = spoil(0.01)

    validate()

    report = json.loads(VALIDATION_REPORT.read_text())
    quarantine = pd.read_parquet(QUARANTINE)
    assert report["quarantined"] == len(quarantine) > before
    assert quarantine[VIOLATIONS].str.contains(f"{target} must be present").any()
    assert len(pd.read_parquet(VALID)) + len(quarantine) == report["rows"] == len(pd.read_parquet(RAW))
