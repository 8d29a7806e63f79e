"""What the small product consists of: orders of a shop, and a pipeline that brings them in and validates them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd

ROWS = 400
VALIDATE = f"{sys.executable} -m goldenpath stage validate"
PIPELINE: dict[str, Any] = {
    "stages": {
        "ingest": {
            "cmd": "mkdir -p data && cp source.parquet data/raw.parquet",
            "params": ["data"],
            "deps": ["source.parquet"],
            "outs": ["data/raw.parquet"],
        },
        "validate": {
            "cmd": VALIDATE,
            "params": ["validation"],
            "deps": ["contract.yaml", "data/raw.parquet"],
            "outs": ["data/valid.parquet", "data/quarantine.parquet"],
            "metrics": [{"reports/validation.json": {"cache": False}}],
        },
    }
}


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def run_pipeline(root: Path, *stages: str) -> None:
    """Run the stages named, or all, where something changed."""
    dvc(root, "repro", "--quiet", *stages)


def dvc(root: Path, *words: str) -> None:
    from dvc.cli import main  # which loads for longer than most tests beside this run, and few of them need it

    with contextlib.chdir(root):
        assert main(list(words)) == 0


def orders(count: int = ROWS) -> pd.DataFrame:
    """Rows that keep the contract of the tests' shop; the first of many are those of few."""
    numbers = pd.Series(range(count))
    return pd.DataFrame(
        {
            "Customer No": numbers,
            "store": numbers.map(lambda number: 7 if number % 3 else 12),
            "size": numbers.map(lambda number: "SM"[number % 2]),
            "price": (numbers * 7 % 100).astype(float),
            "member": numbers % 5 == 0,
            "ordered": pd.Timestamp("2026-01-01") + pd.to_timedelta(numbers, unit="D"),
            "returned": numbers % 4 == 0,
        }
    )
