"""The gates by group."""

from __future__ import annotations

from tests.gates.model.stall import Stall, graph, named, red

WHOLE_OFF = {"floors": None, "non_inferiority": None, "calibration": None, "fairness": None}
BAD_IN_B = graph({"x": 2.0, "x_in_b": -2.2})


def test_a_group_below_the_floor_is_red(stall: Stall) -> None:
    stall.limit(**WHOLE_OFF | {"segment_non_inferiority": None})
    stall.train(BAD_IN_B)

    gate = red(stall.judge())["segments.roc_auc"]

    assert gate.value < 0.5
    assert "store B" in gate.reason
    assert "store A" not in gate.reason


def test_a_model_worse_in_one_segment_only_is_red_for_that_segment(stall: Stall) -> None:
    stall.limit(**WHOLE_OFF | {"segments": None})
    stall.train(BAD_IN_B)

    report = stall.judge()

    assert list(red(report)) == ["segment_non_inferiority.roc_auc"]
    gate = red(report)["segment_non_inferiority.roc_auc"]
    assert gate.high < -0.05
    assert "store B" in gate.reason
    assert "store A" not in gate.reason


def test_a_difference_that_may_be_chance_does_not_condemn_a_group(stall: Stall) -> None:
    stall.limit(segment_non_inferiority={"roc_auc": {"absolute": 0.0}})
    stall.train(graph({"x": 2.0, "x_in_b": 0.02, "noise": 0.02}))

    gate = named(stall.judge(), "segment_non_inferiority.roc_auc")

    assert gate.verdict == "pass"
    assert gate.low < 0


def test_groups_of_few_rows_are_not_judged(stall: Stall) -> None:
    stall.set(
        gates={"segments": {"roc_auc": {"min": 0.6}}},
        evaluation={"bootstrap": 60, "confidence": 0.95, "min_segment_rows": 500, "importance_rows": 100, "seed": 1},
    )

    gate = named(stall.judge(), "segments.roc_auc")

    assert gate.verdict == "n/a"
    assert "evaluation.min_segment_rows" in gate.reason


def test_a_model_that_finds_one_sex_less_often_is_red(stall: Stall) -> None:
    stall.limit(**WHOLE_OFF | {"fairness": {"recall": 0.2}, "segments": None, "segment_non_inferiority": None})
    stall.train(graph({"x": 2.0, "is_f": -3.0}))

    report = stall.judge()

    assert list(red(report)) == ["fairness.recall"]
    gate = red(report)["fairness.recall"]
    assert gate.low > 0.2
    assert "sex m" in gate.reason or "sex f" in gate.reason


def test_a_gap_that_may_be_chance_passes_and_says_so(stall: Stall) -> None:
    stall.limit(fairness={"recall": 1e-4})

    gate = named(stall.judge(), "fairness.recall")

    assert gate.verdict == "pass"
    assert gate.value > 1e-4
    assert "which may be chance" in gate.reason


def test_without_a_protected_column_fairness_is_not_asked(stall: Stall) -> None:
    stall.agree(lambda columns: columns[3]["customProperties"][0].update(value=["segment"]))
    stall.train(graph({"x": 2.02}))

    gate = named(stall.judge(), "fairness")

    assert (gate.verdict, gate.reason) == ("n/a", "No column of contract.yaml has the role protected.")
