from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from goldenpath.adopt.profile import profile


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3], "integer"),
        ([1.5, None], "number"),
        ([True, False], "boolean"),
        (["yes", "No", None], "boolean"),
        (["t", "f"], "boolean"),
        (["m", "f"], "text"),
        (["yes", "yes"], "text"),
        (pd.to_datetime(["2026-01-01"]), "timestamp"),
        ([None, None], "empty"),
    ],
)
def test_the_kind_is_what_all_values_are(values: Any, kind: str) -> None:
    assert profile(pd.Series(values, name="x")).kind == kind


def test_counts_leave_missing_values_out() -> None:
    facts = profile(pd.Series(["a", "a", "b", None], name="x"))

    assert (facts.rows, facts.present, facts.distinct, facts.rarest) == (4, 3, 2, 1)
    assert facts.missing_share == 0.25


def test_equal_content_has_an_equal_digest_whatever_the_number_type() -> None:
    assert profile(pd.Series([1, 2], name="a")).digest == profile(pd.Series([1.0, 2.0], name="b")).digest
    assert profile(pd.Series([1, 2], name="a")).digest != profile(pd.Series([2, 1], name="a")).digest


@pytest.mark.parametrize(("values", "counts"), [([5, 6, 7], True), ([1, 3, 4], False), ([1.0, 2.0], False)])
def test_a_row_number_is_told_from_other_numbers(values: list[Any], counts: bool) -> None:
    assert profile(pd.Series(values, name="x")).counts_rows is counts
