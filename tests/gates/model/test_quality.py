"""The gates over all held-out rows."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.gates.model.sales_project import GOOD, SalesProject, graph, named, red

EASIER = {"non_inferiority": None, "segments": None, "segment_non_inferiority": None}
"""Limits turned off, so that the one of the test stands alone."""


def test_a_model_below_the_floor_is_red(sales: SalesProject) -> None:
    sales.limit(floors={"roc_auc": {"min": 0.99}, "brier": {"max": 0.5}})

    report = sales.judge()

    assert list(red(report)) == ["floors.roc_auc"]
    gate = red(report)["floors.roc_auc"]
    assert gate.low is not None
    assert gate.high is not None
    assert gate.low < gate.value < gate.high < 0.99
    assert gate.limit == "at least 0.99"


def test_what_is_not_shown_to_be_as_good_is_red(sales: SalesProject) -> None:
    sales.limit(**EASIER | {"non_inferiority": {"roc_auc": {"absolute": 0.001}}})
    sales.train(graph({"x": 2.0, "noise": 0.1}))

    report = sales.judge()

    assert list(red(report)) == ["non_inferiority.roc_auc"]
    gate = red(report)["non_inferiority.roc_auc"]
    assert gate.low < -0.001 < gate.high
    assert "not shown to be as good" in gate.reason


def test_less_is_better_where_a_metric_counts_mistakes(sales: SalesProject) -> None:
    sales.limit(**EASIER | {"floors": None, "calibration": None, "non_inferiority": {"brier": {"relative": 0.1}}})
    sales.train(graph({"x": 2.0, "noise": 3.0}))

    gate = red(sales.judge())["non_inferiority.brier"]

    assert gate.high < 0
    assert "brier is worse by" in gate.reason


def test_a_relative_margin_is_a_share_of_the_champions_value(sales: SalesProject) -> None:
    sales.limit(non_inferiority={"brier": {"relative": 0.1}})
    sales.train(graph({"x": 2.02}))

    report = sales.judge()

    assert (
        named(report, "non_inferiority.brier").limit
        == f"worse by less than {report.measured['champion']['brier'] / 10:.4g}"
    )


def test_probabilities_that_promise_too_much_are_red(sales: SalesProject) -> None:
    sales.limit(**EASIER)
    sales.train(graph({"x": 9.0}))

    report = sales.judge()

    assert list(red(report)) == ["calibration.max", "calibration.margin"]
    assert red(report)["calibration.max"].value > 0.1
    assert red(report)["calibration.margin"].high < -0.05
    assert report.measured["candidate"]["roc_auc"] == pytest.approx(report.measured["champion"]["roc_auc"], abs=1e-4)


def test_rows_of_one_class_can_not_be_ranked(sales: SalesProject) -> None:
    path = sales.root / "data/split/test.parquet"
    pd.read_parquet(path).assign(sold=True).to_parquet(path, index=False)
    sales.limit(**EASIER | {"floors": {"roc_auc": {"min": 0.5}}, "calibration": None})

    assert named(sales.judge(), "floors.roc_auc").verdict == "inconclusive"


def test_the_champion_decides_by_its_own_threshold(sales: SalesProject) -> None:
    sales.limit(**EASIER | {"non_inferiority": {"cost_per_row": {"relative": 0.05}}})
    sales.train(graph(GOOD), threshold=0.95)

    assert list(red(sales.judge())) == ["non_inferiority.cost_per_row"]
