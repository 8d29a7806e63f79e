from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from goldenpath.evaluation.column_values import as_numbers, category_counts
from goldenpath.model.features import as_category, as_number


@pytest.mark.parametrize(
    "values",
    [
        [1, None, -3],
        [1.5, None, float("nan")],
        [True, False, None],
        [date(2026, 1, 31), None, date(1969, 12, 31)],
        [datetime(2026, 1, 31, 12, tzinfo=UTC), None],
    ],
    ids=["integers", "numbers", "booleans", "dates", "times"],
)
def test_numbers_are_those_that_the_model_sees(values: list[object]) -> None:
    expected = np.array([as_number(value) for value in values], dtype=np.float32)

    np.testing.assert_array_equal(as_numbers(pa.array(values)), expected)
    np.testing.assert_array_equal(
        as_numbers(pa.chunked_array([values[:1], values[1:]], pa.array(values).type)), expected
    )


@pytest.mark.parametrize("texts", [["2026-01-31T13:45:00Z", None], ["2026-01-31", None], ["2026-01-31T13:45:00", None]])
def test_moments_that_stand_in_a_log_as_text_are_those_that_the_model_sees(texts: list[str | None]) -> None:
    found = as_numbers(pa.array(texts))

    np.testing.assert_array_equal(found, np.array([as_number(text) for text in texts], dtype=np.float32))


@pytest.mark.parametrize(
    "values",
    [["a", "b", "a", None, ""], [7, 7, 12, None], [7.0, 7.5, None], [True, False, True, None]],
    ids=["text", "integers", "numbers", "booleans"],
)
@pytest.mark.parametrize("is_coded", [False, True])
def test_categories_are_those_that_the_model_sees(values: list[object], is_coded: bool) -> None:
    names = [as_category(value) for value in values]
    expected = {name: names.count(name) for name in names if name}
    column = pa.array(values).dictionary_encode() if is_coded else pa.array(values)

    assert category_counts(column) == (expected, names.count(""))
