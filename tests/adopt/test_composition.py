from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from goldenpath.adopt.composition import composition
from goldenpath.adopt.profile import profile
from goldenpath.adopt.target import guess_target

ROWS = 600


@pytest.fixture
def table() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    casual, registered, noise = generator.integers(0, 300, (3, ROWS))
    return pd.DataFrame({"casual": casual, "noise": noise, "registered": registered, "kind": ["a", "b"] * (ROWS // 2)})


def parts(table: pd.DataFrame, target: str) -> list[str]:
    others = [name for name in table.columns if name != target]
    return composition(table, others, guess_target(profile(table[target])))


def test_the_parts_of_a_sum_are_named_and_nothing_else(table: pd.DataFrame) -> None:
    table["bikers"] = table["casual"] + table["registered"]

    assert parts(table, "bikers") == ["casual", "registered"]


def test_rounded_amounts_are_still_a_sum(table: pd.DataFrame) -> None:
    table["total"] = (table["casual"] * 1.19 - table["registered"] / 3 + 7).round(2)

    assert parts(table, "total") == ["casual", "registered"]


def test_a_strong_but_inexact_relation_is_no_sum(table: pd.DataFrame) -> None:
    error = np.random.default_rng(1).normal(0, 2, ROWS)
    table["fare"] = table["casual"] + table["registered"] + error

    assert parts(table, "fare") == []


def test_many_columns_on_few_rows_prove_nothing() -> None:
    values = np.random.default_rng(0).normal(size=(150, 160))
    table = pd.DataFrame(values, columns=[f"x{i}" for i in range(160)])

    assert parts(table, "x0") == []


def test_classes_are_no_sum(table: pd.DataFrame) -> None:
    table["flag"] = table["casual"] % 2

    assert parts(table, "flag") == []
