from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

ROWS = 300
RANDOM = np.random.default_rng(1)


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("x", [None] * ROWS, "Empty"),
        ("x", [None] * (ROWS - 20) + ["a", "b"] * 10, "Mostly missing: 93%"),
        ("x", ["same"] * ROWS, "Constant"),
        ("x", list(range(ROWS)), "Row number"),
        ("PassengerId", RANDOM.permutation(ROWS), "Identifier"),
        ("key", [f"K-{i}" for i in range(ROWS)], "Identifier"),
        ("city", [f"city {i % 100}" for i in range(ROWS)], "Too many values"),
        ("notes", [f"a longer remark on case {i % 150}" for i in range(ROWS)], "Free text"),
        ("zip", RANDOM.permutation(ROWS) + 10_000, "Identifier"),
        ("surname", [f"N{i % 30}" for i in range(ROWS)], "Personal data"),
        ("user_id", RANDOM.integers(0, 60, ROWS), "Identifier: names whom a row is about"),
        ("Customer", [f"C{i % 60}" for i in range(ROWS)], "Identifier: names whom a row is about"),
        ("copy", np.arange(ROWS) % 2, "Duplicate: the same content as y"),
    ],
)
def test_a_column_that_cannot_help_is_excluded_with_the_reason(guess: Any, name: str, values: Any, reason: str) -> None:
    column = guess(name, values).column

    assert column.roles == {"excluded"}
    assert column.reason.startswith(reason)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("income", RANDOM.permutation(ROWS) * 7),
        ("year", np.arange(ROWS) + 1700),
        ("customers", RANDOM.integers(0, 60, ROWS)),
        ("card", RANDOM.integers(0, 60, ROWS)),
        ("flag", ["x"] * 100 + [None] * 200),
        ("opened", pd.date_range("2020-01-01", periods=ROWS)),
        ("note", ["few different remarks in this column"] * 150 + ["another one of these long remarks"] * 150),
    ],
)
def test_a_column_that_only_looks_useless_stays_a_feature(guess: Any, name: str, values: Any) -> None:
    assert "feature" in guess(name, values).column.roles


def test_few_frequent_words_are_an_enum_and_a_segment(guess: Any) -> None:
    column = guess("size", ["S", "M", "L"] * 100).column

    assert column.enum == ("L", "M", "S")
    assert column.roles == {"feature", "segment"}


def test_words_with_a_rare_value_are_free_so_that_new_ones_pass(guess: Any) -> None:
    column = guess("size", ["S", "M"] * 149 + ["XXL", "L"]).column

    assert column.enum == ()
    assert column.max_length == 10


@pytest.mark.parametrize(
    ("name", "nominal"), [("store", True), ("classCode", True), ("rooms", False), ("number_of_ids", False)]
)
def test_numbers_whose_name_says_that_they_name_something_are_nominal(guess: Any, name: str, nominal: bool) -> None:
    assert guess(name, [3, 17, 40] * 100).column.nominal is nominal


def test_zeros_and_ones_are_a_flag_with_both_values_allowed(guess: Any) -> None:
    column = guess("type", [0, 0, 1] * 100).column

    assert (column.type, column.enum, column.nominal) == ("integer", (0, 1), False)


@pytest.mark.parametrize(
    ("values", "minimum", "maximum"),
    [
        (np.linspace(10, 30, ROWS), 0, 50),
        (np.linspace(-10, 10, ROWS), -30, 30),
        (np.linspace(-30, -10, ROWS), -50, 0),
        (np.linspace(0.001, 0.002, ROWS), 0, 0.003),
    ],
)
def test_a_range_is_widened_by_its_width_but_not_across_zero(
    guess: Any, values: Any, minimum: float, maximum: float
) -> None:
    column = guess("x", values).column

    assert (column.minimum, column.maximum) == pytest.approx((minimum, maximum))


def test_a_column_without_gaps_is_required(guess: Any) -> None:
    assert guess("x", np.linspace(0, 1, ROWS)).column.required
    assert not guess("x", [None, *np.linspace(0, 1, ROWS - 1)]).column.required


def test_timestamps_are_days_when_all_are_midnight_and_have_no_range(guess: Any) -> None:
    days = guess("x", pd.date_range("2026-01-01", periods=ROWS)).column
    hours = guess("x", pd.date_range("2026-01-01", periods=ROWS, freq="h")).column

    assert (days.type, hours.type) == ("date", "timestamp")
    assert days.maximum is None


def test_named_columns_have_that_role_only(guess: Any) -> None:
    words = ["S", "M", "L"] * 100

    assert guess("x", words, entity="x").column.roles == {"entity"}
    assert guess("x", words, protected=("x",)).column.roles == {"protected"}
    assert guess("x", pd.date_range("2026-01-01", periods=ROWS), time="x").column.roles == {"time"}


@pytest.mark.parametrize(
    ("values", "example"),
    [
        (["S", "M", "M"] * 100, "M"),
        (["yes", "no", "no"] * 100, False),
        ([1.5, 2.5, 99.0] * 100, 2.5),
        (pd.date_range("2026-01-01", periods=301), "2026-05-31"),
        (pd.date_range("2026-01-01", periods=301, freq="h"), "2026-01-07T06:00:00Z"),
    ],
)
def test_an_example_is_a_value_that_a_request_may_hold(guess: Any, values: Any, example: Any) -> None:
    assert guess("x", values).column.example == example


def test_entities_and_excluded_columns_have_no_example(guess: Any) -> None:
    assert guess("x", ["S", "M", "L"] * 100, entity="x").column.example is None
    assert guess("email", [f"p{i}@example.org" for i in range(ROWS)]).column.example is None


def test_personal_data_is_confidential(guess: Any) -> None:
    assert guess("x", [f"p{i}@example.org" for i in range(ROWS)]).column.classification == "confidential"
