from __future__ import annotations

from typing import Any

import pytest

from goldenpath.reports import verdict


def record(value: float | None, low: float | None, high: float | None) -> dict[str, float | None]:
    return {"value": value, "low": low, "high": high}


def metrics(task: str, **gains: dict[str, float | None]) -> dict[str, Any]:
    return {"task": task, "gain": {"simple": gains}}


CHEAPER = record(-0.5, -0.6, -0.4)
AS_DEAR = record(0.06, -0.07, 0.17)
DEARER = record(0.5, 0.4, 0.6)


@pytest.mark.parametrize(
    ("gain", "cost", "status", "sentence"),
    [
        (record(0.05, 0.01, 0.09), CHEAPER, "good", "Beats the simple baseline by"),
        (record(0.05, 0.01, 0.09), AS_DEAR, "mixed", "Beats the simple baseline by"),
        (record(0.05, -0.01, 0.09), CHEAPER, "bad", "Does NOT beat the simple baseline"),
        (record(0.0, 0.0, 0.0), CHEAPER, "bad", "Does NOT beat the simple baseline"),
        (record(-0.05, -0.09, -0.01), CHEAPER, "bad", "Is WORSE than the simple baseline"),
        (record(None, None, None), CHEAPER, "bad", "Does NOT show that it beats the simple baseline"),
    ],
)
def test_only_an_interval_on_one_side_of_zero_decides(gain: Any, cost: Any, status: str, sentence: str) -> None:
    found = verdict.judge(metrics("binary", roc_auc=gain, cost_per_row=cost), "EUR")

    assert (found.status, found.sentence.startswith(sentence)) == (status, True)


def test_a_lower_loss_is_an_improvement_told_as_a_positive_number() -> None:
    found = verdict.judge(metrics("regression", mae=CHEAPER, cost_per_row=CHEAPER), "EUR")

    assert found.sentence == "Beats the simple baseline by 0.50 [0.40 to 0.60] in mean absolute error."
    assert found.money == "In money it saves 500 [400 to 600] EUR per 1,000 rows against the simple baseline."


@pytest.mark.parametrize(("cost", "words"), [(AS_DEAR, "does NOT beat"), (DEARER, "MORE than"), ({}, "not known")])
def test_money_that_is_not_saved_is_said_so(cost: Any, words: str) -> None:
    found = verdict.judge(metrics("binary", roc_auc=record(0.05, 0.01, 0.09), cost_per_row=cost), "EUR")

    assert words in found.money
