from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from goldenpath.adopt.leakage import suspects
from goldenpath.adopt.profile import profile
from goldenpath.adopt.target import guess_target

ROWS = 2_000


@pytest.fixture
def table() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    signal = generator.normal(size=ROWS)
    y = (signal + generator.normal(size=ROWS) > 1.5).astype(int)
    amount = np.exp(signal + generator.normal(size=ROWS))
    kind = np.array(["a", "b", "c"])[generator.integers(0, 3, ROWS)]
    return pd.DataFrame(
        {
            "signal": signal,
            "noise": generator.normal(size=ROWS),
            "y": y,
            "y in words": np.where(y == 1, "left", "stayed"),
            "refund": np.where(y == 1, generator.uniform(1, 9, ROWS), np.where(signal > 0, 0, None)),
            "amount": amount,
            "amount in dollars": amount * 1.1,
            "kind": kind,
            "kind code": pd.Series(kind).map({"a": 7, "b": 1, "c": 4}),
        }
    ).infer_objects()


def names(table: pd.DataFrame, target: str) -> list[str]:
    others = [name for name in table.columns if name != target]
    return [suspect.name for suspect in suspects(table, others, guess_target(profile(table[target])))]


def test_traces_of_a_class_are_found_and_honest_signal_is_not(table: pd.DataFrame) -> None:
    assert set(names(table, "y")) == {"y in words", "refund"}


def test_traces_of_an_amount_are_found_though_large_values_dominate_it(table: pd.DataFrame) -> None:
    assert names(table, "amount") == ["amount in dollars"]


def test_traces_of_several_classes_are_found(table: pd.DataFrame) -> None:
    assert names(table, "kind") == ["kind code"]


def test_a_recoded_target_is_told_from_a_mere_predictor(table: pd.DataFrame) -> None:
    found = suspects(table, ["y in words", "refund"], guess_target(profile(table["y"])))

    assert {suspect.name: suspect.recodes for suspect in found} == {"y in words": True, "refund": False}


def test_rare_classes_do_not_hide_a_trace() -> None:
    generator = np.random.default_rng(0)
    y = np.zeros(50_000, dtype=int)
    y[:20] = 1
    table = pd.DataFrame({"y": y, "fee": np.where(y == 1, 25.0, generator.uniform(0, 20, len(y)))})

    assert names(table, "y") == ["fee"]
