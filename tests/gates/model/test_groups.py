"""The gates by group."""

from __future__ import annotations

from tests.gates.model.sales_project import SalesProject, graph, named, red

WHOLE_OFF = {"floors": None, "non_inferiority": None, "calibration": None, "fairness": None}
BAD_IN_B = graph({"x": 2.0, "x_in_b": -2.2})


def test_a_group_below_the_floor_is_red(sales: SalesProject) -> None:
    sales.limit(**WHOLE_OFF | {"segment_non_inferiority": None})
    sales.train(BAD_IN_B)

    gate = red(sales.judge())["segments.roc_auc"]

    assert gate.value < 0.5
    assert "store B" in gate.reason
    assert "store A" not in gate.reason


def test_a_model_worse_in_one_segment_only_is_red_for_that_segment(sales: SalesProject) -> None:
    sales.limit(**WHOLE_OFF | {"segments": None})
    sales.train(BAD_IN_B)

    report = sales.judge()

    assert list(red(report)) == ["segment_non_inferiority.roc_auc"]
    gate = red(report)["segment_non_inferiority.roc_auc"]
    assert gate.high < -0.05
    assert "store B" in gate.reason
    assert "store A" not in gate.reason


def test_a_difference_that_may_be_chance_does_not_condemn_a_group(sales: SalesProject) -> None:
    sales.limit(segment_non_inferiority={"roc_auc": {"absolute": 0.0}})
    sales.train(graph({"x": 2.0, "x_in_b": 0.02, "noise": 0.02}))

    gate = named(sales.judge(), "segment_non_inferiority.roc_auc")

    assert gate.verdict == "pass"
    assert gate.low < 0


def test_groups_of_few_rows_are_not_judged(sales: SalesProject) -> None:
    sales.set(
        gates={"segments": {"roc_auc": {"min": 0.6}}},
        evaluation={"bootstrap": 60, "confidence": 0.95, "min_segment_rows": 500, "importance_rows": 100, "seed": 1},
    )

    gate = named(sales.judge(), "segments.roc_auc")

    assert gate.verdict == "n/a"
    assert "evaluation.min_segment_rows" in gate.reason


def test_a_model_that_finds_one_sex_less_often_is_red(sales: SalesProject) -> None:
    sales.limit(**WHOLE_OFF | {"fairness": {"recall": 0.2}, "segments": None, "segment_non_inferiority": None})
    sales.train(graph({"x": 2.0, "is_f": -3.0}))

    report = sales.judge()

    assert list(red(report)) == ["fairness.recall"]
    gate = red(report)["fairness.recall"]
    assert gate.low > 0.2
    assert "sex m" in gate.reason or "sex f" in gate.reason


def test_a_gap_that_may_be_chance_passes_and_says_so(sales: SalesProject) -> None:
    sales.limit(fairness={"recall": 1e-4})

    gate = named(sales.judge(), "fairness.recall")

    assert gate.verdict == "pass"
    assert gate.value > 1e-4
    assert "which may be chance" in gate.reason


def test_without_a_protected_column_fairness_is_not_asked(sales: SalesProject) -> None:
    sales.agree(lambda columns: columns[3]["customProperties"][0].update(value=["segment"]))
    sales.train(graph({"x": 2.02}))

    gate = named(sales.judge(), "fairness")

    assert (gate.verdict, gate.reason) == ("n/a", "No column of contract.yaml has the role protected.")
