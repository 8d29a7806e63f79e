from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from goldenpath.adopt.errors import AdoptError
from goldenpath.adopt.profile import profile
from goldenpath.adopt.target import Target, guess_target


def guessed(values: Any) -> Target:
    return guess_target(profile(pd.Series(values, name="y")))


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        (["yes"] * 150 + ["no"] * 50, "yes"),
        ([1] * 150 + [0] * 50, 1),
        ([1.0] * 150 + [0.0] * 50, 1),
        ([1] * 150 + [-1] * 50, 1),
        ([1] * 150 + [2] * 50, 2),
        (["good"] * 150 + ["poor"] * 50, "poor"),
        ([True] * 150 + [False] * 50, True),
        (["TRUE"] * 150 + ["FALSE"] * 50, True),
        (["f"] * 150 + ["t"] * 50, True),
    ],
)
def test_two_classes_are_binary_and_the_positive_one_is_typed_as_in_the_contract(values: Any, positive: Any) -> None:
    target = guessed(values)

    assert target.problem == "classification"
    assert target.positive == positive
    assert type(target.positive) is type(positive)
    assert positive in [value for value, _ in target.classes]


@pytest.mark.parametrize(
    ("values", "kind"),
    [(["a", "b", "c"] * 50, "string"), (list(range(10)) * 20, "integer"), ([1.0, 2.0, 3.0] * 50, "integer")],
)
def test_more_classes_have_no_positive_one(values: Any, kind: str) -> None:
    target = guessed(values)

    assert (target.problem, target.type, target.positive) == ("classification", kind, None)


@pytest.mark.parametrize(
    ("values", "kind"), [(np.linspace(0, 1, 200), "number"), (np.arange(200), "integer"), ([0.5, 1.5] * 100, "number")]
)
def test_many_different_numbers_and_fractions_are_amounts(values: Any, kind: str) -> None:
    target = guessed(values)

    assert (target.problem, target.type, target.classes) == ("regression", kind, ())


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["a"] * 200, "is constant"),
        ([None] * 150 + ["a", "b"] * 50, "have no value"),
        (["a", "b"] * 20, "at least 100"),
        ([f"text {i}" for i in range(200)], "identifier or free text"),
        (["a"] * 196 + ["b"] * 4, "nearly every row is 'a'"),
        (pd.date_range("2026-01-01", periods=200), "holds dates"),
    ],
    ids=["constant", "missing", "few", "free text", "one class", "dates"],
)
def test_a_useless_target_is_refused_with_the_reason(values: Any, words: str) -> None:
    with pytest.raises(AdoptError, match=f"TARGET y: .*{words}"):
        guessed(values)


def test_strong_imbalance_and_rare_classes_are_warned_of() -> None:
    assert "Strong imbalance: the rarer class is 2.0%" in " ".join(guessed([0] * 980 + [1] * 20).warnings)
    assert "rare (fewer than 10 each)" in " ".join(guessed(["a", "b"] * 100 + ["rare"] * 3).warnings)


def test_odds_are_negatives_per_positive() -> None:
    assert guessed([0] * 900 + [1] * 100).odds == 9


def test_classes_that_differ_in_capitals_only_are_pointed_out() -> None:
    assert "Yes, yes" in guessed(["Yes", "yes", "No"] * 60).warnings[0]
