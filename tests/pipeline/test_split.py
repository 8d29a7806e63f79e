from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from goldenpath.pipeline.split import divide
from goldenpath.project.contract import Contract
from goldenpath.project.errors import ProjectError
from goldenpath.project.params import Split

ROWS = 1000


def settings(by: Any) -> Split:
    return Split(by=by, validation=0.2, test=0.1, seed=3)


@pytest.fixture
def rows() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "customer": generator.integers(0, 60, ROWS),
            "ordered": pd.Timestamp("2026-01-01", tz="UTC")
            + pd.to_timedelta(generator.integers(0, 40, ROWS), unit="D"),
            "returned": generator.uniform(size=ROWS) < 0.1,
        }
    )


def test_by_time_the_future_is_never_learned_from(shop_contract: Contract, rows: pd.DataFrame) -> None:
    parts = divide(rows, shop_contract, settings("time"), stratify=True)

    assert parts["train"]["ordered"].max() < parts["validation"]["ordered"].min()
    assert parts["validation"]["ordered"].max() < parts["test"]["ordered"].min()


def test_by_entity_nobody_stands_on_both_sides(shop_contract: Contract, rows: pd.DataFrame) -> None:
    parts = divide(rows, shop_contract, settings("entity"), stratify=True)

    customers = [set(part["customer"]) for part in parts.values()]
    assert sum(map(len, customers)) == len(set.union(*customers))


@pytest.mark.parametrize("by", ["time", "entity", "random"])
def test_no_row_is_lost_and_the_parts_are_about_as_large_as_asked(
    shop_contract: Contract, rows: pd.DataFrame, by: str
) -> None:
    parts = divide(rows, shop_contract, settings(by), stratify=True)

    assert sum(map(len, parts.values())) == ROWS
    assert len(parts["test"]) == pytest.approx(ROWS * 0.1, rel=0.5)
    assert len(parts["validation"]) == pytest.approx(ROWS * 0.2, rel=0.5)


def test_a_random_division_keeps_the_classes_shares(shop_contract: Contract, rows: pd.DataFrame) -> None:
    parts = divide(rows, shop_contract, settings("random"), stratify=True)

    shares = [part["returned"].mean() for part in parts.values()]
    assert max(shares) - min(shares) < 0.02


def test_classes_of_one_row_do_not_stop_a_random_division(shop_contract: Contract, rows: pd.DataFrame) -> None:
    rows["returned"] = ["rare"] + ["a", "b", "b"] * 333

    parts = divide(rows, shop_contract, settings("random"), stratify=True)

    assert sum(map(len, parts.values())) == ROWS


def test_too_few_rows_are_refused(shop_contract: Contract, rows: pd.DataFrame) -> None:
    with pytest.raises(ProjectError, match="split leaves no rows for train"):
        divide(rows.assign(ordered=rows["ordered"][0]), shop_contract, settings("time"), stratify=True)


def test_missing_times_are_refused(shop_contract: Contract, rows: pd.DataFrame) -> None:
    rows.loc[3, "ordered"] = pd.NaT

    with pytest.raises(ProjectError, match="'ordered' splits by time but has missing values"):
        divide(rows, shop_contract, settings("time"), stratify=True)
