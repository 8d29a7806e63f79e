from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

from goldenpath.evaluation import drift_measures
from goldenpath.monitoring import significance
from goldenpath.monitoring.bin_counts import count
from goldenpath.monitoring.compare import Comparison, Move, compare
from goldenpath.pipeline import reference
from goldenpath.pipeline.reference import Reference
from goldenpath.project.params import Drift

BASE_ROWS = 50_000
LIMITS = Drift()
Rows = Mapping[str, Any]


def rows(count: int, seed: int) -> dict[str, Any]:
    """Four columns of different kinds, some values missing."""
    generator = np.random.default_rng(seed)
    amount = generator.normal(100, 15, count).astype(np.float32)
    amount[generator.random(count) < 0.05] = np.nan
    return {
        "amount": amount,
        "visits": generator.poisson(3, count).astype(np.float32),
        "shop": generator.choice(["a", "b", "c"], count, p=[0.6, 0.3, 0.1]),
        "town": generator.integers(0, 300, count).astype(str),
    }


def known(importance: Mapping[str, float] | None = None) -> Reference:
    base = rows(BASE_ROWS, 1)
    weights = importance or dict.fromkeys(base, 1.0)
    columns = {
        name: reference.describe(name in ("shop", "town"), pa.array(values, from_pandas=True), weights[name])
        for name, values in base.items()
    }
    return Reference("m", "d", BASE_ROWS, columns, {"score": reference.of_numbers(base["amount"] / 200)})


@functools.cache
def usual() -> Reference:
    """What most tests compare with, described once."""
    return known()


def compared(now: Rows, to: Reference | None = None, limits: Drift = LIMITS) -> Comparison:
    to = to or usual()
    table = pa.table({name: pa.array(values, from_pandas=True) for name, values in now.items()})
    return compare(to, count({**to.columns, **to.predictions}, [table]), limits)


def move_of(name: str, found: Comparison) -> Move:
    return next(move for move in (*found.columns, *found.predictions) if move.column == name)


def test_a_sample_of_the_same_distribution_is_ok() -> None:
    found = compared(rows(20_000, 2))

    assert found.overall.verdict == "ok"
    assert {move.verdict for move in found.columns} == {"ok"}


def test_chance_alone_hardly_ever_moves_a_column() -> None:
    verdicts = [compared(rows(LIMITS.min_rows, seed)) for seed in range(100, 300)]

    moved = sum(any(move.verdict != "ok" for move in found.columns) for found in verdicts)
    assert moved <= 2  # of 200, each of four columns, with the fewest rows that are judged


def less(values: Any) -> Any:
    return values - 15.0


def fewer(values: Any) -> Any:
    return np.where(np.arange(len(values)) % 3 == 0, np.nan, values)


def others(values: Any) -> Any:
    return np.where(np.arange(len(values)) % 2 == 0, "c", values)


def unknown(values: Any) -> Any:
    return np.where(np.arange(len(values)) % 10 == 0, "new", values)


@pytest.mark.parametrize(
    ("column", "change"),
    [("amount", less), ("amount", fewer), ("visits", fewer), ("shop", others), ("shop", unknown), ("town", unknown)],
)
@pytest.mark.parametrize("size", [500, 20_000])
def test_a_shift_alarms_in_its_column_and_in_no_other(column: str, change: Callable[[Any], Any], size: int) -> None:
    now = rows(size, 3)

    found = compared({**now, column: change(now[column])})

    assert {move.column for move in found.columns if move.verdict == "alarm"} == {column}
    assert found.columns[0].column == column
    assert found.columns[0].why


def test_no_p_value_alarms_alone() -> None:
    now = rows(200_000, 4)

    found = move_of("amount", compared({**now, "amount": now["amount"] + 1}))

    assert found.p_adjusted < 1e-6
    assert (found.verdict, found.why) == ("ok", ())


def test_an_effect_that_may_be_chance_is_no_alarm() -> None:
    few = LIMITS.model_copy(update={"min_rows": 10})
    shop = np.array(["a"] * 16 + ["b"] * 4)

    found = move_of("shop", compared({"shop": shop}, limits=few))

    assert found.psi > LIMITS.psi.moved
    assert found.verdict == "ok"
    assert "may be chance" in found.why[0]


def test_too_few_rows_say_nothing() -> None:
    now = rows(LIMITS.min_rows - 1, 5)

    found = compared({**now, "amount": less(now["amount"])})

    assert found.overall.verdict == "inconclusive"
    assert "499 rows are too few" in found.overall.reasons[0]


@pytest.mark.parametrize(("importance", "verdict"), [(0.02, "ok"), (0.15, "moved"), (0.6, "alarm")])
def test_the_verdict_weighs_columns_by_what_they_matter(importance: float, verdict: str) -> None:
    weights = {"amount": importance, "visits": 1 - importance, "shop": -0.1, "town": 0.0}
    now = rows(5_000, 6)

    found = compared({**now, "amount": less(now["amount"])}, known(weights))

    assert found.overall.verdict == verdict
    assert found.overall.alarm_share == pytest.approx(importance)
    assert move_of("shop", found).importance == 0


def test_columns_weigh_alike_where_importance_is_not_known() -> None:
    found = compared(rows(1_000, 7), known(dict.fromkeys(("amount", "visits", "shop", "town"), 0.0)))

    assert {move.importance for move in found.columns} == {0.25}


def test_answers_that_moved_alarm_although_no_input_did() -> None:
    now = rows(5_000, 8)

    found = compared({**now, "score": now["amount"] / 200 + 0.1})

    assert found.overall.verdict == "alarm"
    assert "score of the predictions" in found.overall.reasons[0]
    assert {move.verdict for move in found.columns} == {"ok"}


def test_what_was_not_counted_is_told() -> None:
    now = rows(1_000, 9)
    del now["town"]

    assert compared(now).not_compared == ("town",)


def test_unseen_categories_and_values_out_of_range_are_named() -> None:
    now = rows(2_000, 10)
    amount = now["amount"].copy()
    amount[:3] = [-50, 400, np.nan]

    found = compared({**now, "shop": unknown(now["shop"]), "amount": amount})

    shop, amounts = move_of("shop", found), move_of("amount", found)
    assert (shop.unseen, shop.unseen_values) == (pytest.approx(0.1), ("new",))
    assert (amounts.below, amounts.above) == (-50, 400)


def test_a_column_that_had_one_value_and_has_another_alarms() -> None:
    constant = Reference("m", "d", 1_000, {"x": reference.of_numbers(np.ones(1_000, dtype=np.float32))}, {})

    assert compared({"x": np.zeros(1_000)}, constant).columns[0].verdict == "alarm"
    assert compared({"x": np.full(1_000, 2.0)}, constant).columns[0].verdict == "alarm"
    assert compared({"x": np.ones(1_000)}, constant).columns[0].verdict == "ok"


def test_a_personal_column_is_told_by_its_missing_values_alone() -> None:
    now = rows(2_000, 14)
    base = rows(BASE_ROWS, 1)
    columns = {
        name: reference.describe(name == "shop", pa.array(base[name], from_pandas=True), is_personal=True)
        for name in ("amount", "shop")
    }
    hidden = Reference("m", "d", BASE_ROWS, columns, {})

    same = compared({"amount": less(now["amount"]), "shop": now["shop"]}, hidden)
    emptied = compared({"amount": fewer(now["amount"]), "shop": now["shop"]}, hidden)

    assert {move.verdict for move in same.columns} == {"ok"}
    assert (move_of("amount", same).below, move_of("amount", same).above) == (None, None)
    assert move_of("amount", emptied).verdict == "alarm"


def test_too_few_answers_say_nothing_although_the_rows_are_enough() -> None:
    now = rows(2_000, 15)
    few = pa.table({"score": pa.array(np.full(LIMITS.min_rows - 1, 9.0, dtype=np.float32))})
    inputs = pa.table({name: pa.array(values, from_pandas=True) for name, values in now.items()})

    found = compare(usual(), count({**usual().columns, **usual().predictions}, [inputs, few]), LIMITS)

    assert found.overall.verdict == "ok"
    assert "499 predictions of this model are too few" in move_of("score", found).why[0]


def test_effect_sizes_are_those_of_the_data_gate() -> None:
    base, now = rows(BASE_ROWS, 1), rows(4_000, 11)
    changed = {**now, "amount": less(now["amount"]), "town": unknown(now["town"])}

    found = compared(changed)

    number = drift_measures.of_numbers(*(np.asarray(part["amount"], dtype=float) for part in (base, changed)))
    names = drift_measures.of_categories(*(pd.Series(part["town"], dtype="string") for part in (base, changed)))
    assert move_of("amount", found).psi == pytest.approx(number.psi, rel=0.02)
    assert move_of("town", found).psi == pytest.approx(names.psi, rel=0.02)
    assert move_of("town", found).distance == pytest.approx(names.total_variation, rel=0.02)


def test_the_distance_of_numbers_is_that_of_kolmogorov_and_smirnov() -> None:
    base, now = rows(BASE_ROWS, 1)["amount"], rows(4_000, 12)["amount"] + 3
    exact = stats.ks_2samp(base[~np.isnan(base)], now[~np.isnan(now)])

    found = move_of("amount", compared({"amount": now}))

    assert exact.statistic - 0.01 <= found.distance <= exact.statistic
    assert found.p_value < 0.01


def test_pictures_show_all_rows_of_both_sides() -> None:
    now = rows(3_000, 13)

    for move in compared({**now, "shop": unknown(now["shop"])}).columns:
        for side in (move.picture.before, move.picture.after):
            assert sum(side) == pytest.approx(1)
            assert len(side) == len(move.picture.places or move.picture.names)


def test_p_values_of_many_columns_are_corrected() -> None:
    assert significance.adjusted([0.01, 0.02, 0.5, 1.0]) == pytest.approx([0.04, 0.04, 2 / 3, 1.0])
    assert significance.adjusted([]) == []
