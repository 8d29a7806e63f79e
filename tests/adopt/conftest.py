"""The few files of a project that adopt reads and writes, and a table of customers to adopt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from goldenpath.adopt.assignment import Assignment
from goldenpath.adopt.infer import Guess, infer
from goldenpath.adopt.profile import profile
from goldenpath.adopt.target import guess_target

ROWS = 400

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: churn
version: 1.0.0
schema:
  - name: sample
    properties:
      - name: size
        logicalType: number
        customProperties: [{property: roles, value: [feature]}]
      - name: sold
        logicalType: boolean
        customProperties: [{property: roles, value: [target]}]
"""

PARAMS = """\
# What changes a result.
problem: classification
positive_class: true

data:
  through: "2013-10"            # last month

features:
  recent_hours: 2.0             # the window

validation:
  tolerated_share: 0.05         # more stop the pipeline

split:
  by: time                      # or entity, or random
  validation: 0.1
  test: 0.1                     # the newest rows
  seed: 7

model:
  learning_rate: 0.1            # tuned by hand
  max_iter: 100
  max_leaf_nodes: 31
  min_samples_leaf: 40
  l2_regularization: 1.0
  seed: 7

value:
  currency: USD
  missed: 60.0                  # a flight nobody was warned of
  false_alarm: 12.0
  per_unit_error: 1.0

evaluation:
  bootstrap: 200
  confidence: 0.95
  min_segment_rows: 200
  importance_rows: 10000
  seed: 7

export:
  tolerance: 1.0e-4             # between the two
  share: 1.0
"""

DVC = """\
# The stages.
stages:
  ingest:
    desc: Read the raw rows.
    cmd: goldenpath stage ingest
    params: [data, features, {vendor/stages.yaml: [ingest]}]
    deps:
      - src/shop/source.py
    outs:
      - data/raw.parquet

  validate:
    cmd: goldenpath stage validate
    deps:
      - data/raw.parquet
"""


@pytest.fixture(scope="session")
def lay_out() -> Callable[[Path], Path]:
    """Puts the files that adopt reads into a new folder, and returns it."""

    def laid_out(root: Path) -> Path:
        (root / "src/shop").mkdir(parents=True)
        (root / "contract.yaml").write_text(CONTRACT)
        (root / "params.yaml").write_text(PARAMS)
        (root / "dvc.yaml").write_text(DVC)
        (root / "src/shop/source.py").write_text("SAMPLE = 1\n")
        return root

    return laid_out


@pytest.fixture
def skeleton(tmp_path: Path, lay_out: Callable[[Path], Path]) -> Path:
    """A project's folder with the files that adopt reads."""
    return lay_out(tmp_path / "shop")


@pytest.fixture
def customers() -> pd.DataFrame:
    """Customers who left or stayed, with what real tables have: gaps, dates, codes, identifiers, names with blanks."""
    generator = np.random.default_rng(0)
    income = generator.lognormal(10, 0.4, ROWS).round(2)
    left = generator.uniform(size=ROWS) < 1 / (1 + np.exp((income - 22_000) / 9_000))
    return pd.DataFrame(
        {
            "Customer ID": [f"C{number:05d}" for number in range(ROWS)],
            "Since": (pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(ROWS), unit="D")).strftime("%Y-%m-%d"),
            "Einkommen (€)": income,
            "Größe": np.where(generator.uniform(size=ROWS) < 0.2, None, generator.choice(["S", "M", "L"], ROWS)),
            "store": generator.choice([101, 205, 999], ROWS),
            "household": generator.integers(0, 40, ROWS),
            "newsletter": generator.choice(["yes", "no"], ROWS),
            "country": "DE",
            "Churned?": np.where(left, "yes", "no"),
        }
    )


@pytest.fixture
def customers_csv(customers: pd.DataFrame, tmp_path: Path) -> Path:
    """The customers as a CSV file."""
    path = tmp_path / "customers 2026.csv"
    customers.to_csv(path, index=False)
    return path


@pytest.fixture
def guess() -> Any:
    """Guesses a contract column for one column of values, beside a target of two classes."""

    def guessed(name: str, values: Any, **named: Any) -> Guess:
        column = pd.Series(values, name=name)
        target = pd.Series(np.arange(len(column)) % 2, name="y")
        facts = [profile(target), profile(column)]
        return infer(facts, Assignment(target="y", **named), guess_target(facts[0]), "table.csv")[1]

    return guessed
