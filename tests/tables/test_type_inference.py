from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from goldenpath.tables.type_inference import Decimal, to_time, typed


def read(words: list[str | None], decimal: Decimal = ".") -> list[Any]:
    return list(typed(pa.chunked_array([words], pa.string()), decimal).to_pylist())


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["1", " 2 ", None], [1, 2, None]),
        (["1", "2.5", "-.5", "1e3"], [1.0, 2.5, -0.5, 1000.0]),
        (["1,234", "12,345,678"], [1234, 12345678]),
        (["+1", "2"], [1, 2]),
        (["1", "?", "-", "unknown"], [1, None, None, None]),
        (["1.5", "inf", "nan"], [1.5, None, None]),
        (["", " "], [None, None]),
    ],
)
def test_numbers_are_read_when_every_word_is_one_or_says_missing(words: Any, values: Any) -> None:
    assert read(words) == values


@pytest.mark.parametrize(
    "words",
    [
        ["007", "123"],
        ["01.5", "2.5"],
        ["123456789012345678901234", "1"],
        ["1", "2", "x"],
        ["1,2", "3,4"],
        ["True", "False"],
        ["May", "June"],
        ["12:30", "13:45"],
    ],
    ids=" ".join,
)
def test_codes_and_words_stay_text(words: list[str]) -> None:
    assert read(words) == words


@pytest.mark.parametrize(
    ("words", "decimal", "values"),
    [
        (["5%", "7.5 %", None], ".", [5.0, 7.5, None]),
        (["$1,234.00", "-$5", "?"], ".", [1234.0, -5.0, None]),
        (["1.200,50 €", "3 €"], ",", [1200.5, 3.0]),
        (["EUR 5", "EUR 6"], ".", [5, 6]),
    ],
)
def test_a_unit_that_every_number_carries_is_dropped(words: Any, decimal: Decimal, values: Any) -> None:
    assert read(words, decimal) == values


@pytest.mark.parametrize("words", [["$5", "6"], ["5%", "5 €"], ["a$", "b$"]], ids=" ".join)
def test_units_that_differ_stay_text(words: list[str]) -> None:
    assert read(words) == words


def test_a_decimal_comma_is_read_where_it_was_announced() -> None:
    assert read(["1,5", "1.234,25"], ",") == [1.5, 1234.25]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (["2026-01-31", "2026-02-01"], "2026-01-31"),
        (["2026-01-31 13:45", "2026-02-01 00:00:01.5"], "2026-01-31 13:45"),
        (["2026-01-31T13:45:00Z", "2026-02-01T00:00:00+02:00"], "2026-01-31 13:45"),
        (["2026-01-31 13:45:00.123456789"], "2026-01-31 13:45:00.123456"),
        (["01/02/2026", "12/31/2026"], "2026-01-02"),
        (["01/02/2026", "31/12/2026"], "2026-02-01"),
        (["31.12.2026", "01.02.2026"], "2026-12-31"),
        (["Jun 12 1998", "Jan 1 2000"], "1998-06-12"),
        (["20260131", "20260201"], "2026-01-31"),
        (["2026-01", "2026-12"], "2026-01-01"),
        (["1/31/2026 1:45 PM", "2/1/2026 12:00 AM"], "2026-01-31 13:45"),
        (["2026-01-31", "unknown"], "2026-01-31"),
    ],
)
def test_dates_and_times_are_read_in_the_usual_layouts(words: list[str], first: str) -> None:
    assert pd.Timestamp(read(words)[0]) == pd.Timestamp(first)


@pytest.mark.parametrize(
    ("values", "first"),
    [
        ([1999, 2000], "1999-01-01"),
        ([202601, 202612], "2026-01-01"),
        (["2026Q1", "2026Q2"], "2026-01-01"),
        ([20260131, 20260201], "2026-01-31"),
        ([1_769_866_200, 1_769_866_201], "2026-01-31 13:30"),
        ([1_769_866_200_000, 1_769_866_201_000], "2026-01-31 13:30"),
        (["2026-01-31", "Feb 1, 2026"], "2026-01-31"),
        (pd.to_datetime(["2026-01-31", "2026-02-01"]), "2026-01-31"),
    ],
)
def test_a_column_said_to_be_time_is_read_as_time(values: Any, first: str) -> None:
    assert to_time(pd.Series(values))[0] == pd.Timestamp(first)


@pytest.mark.parametrize("values", [[1.5, 2.5], [3, 4], [True, False], ["S", "M"]])
def test_what_is_no_time_becomes_missing(values: list[Any]) -> None:
    assert to_time(pd.Series(values)).isna().all()


@pytest.mark.parametrize("other", ["soon", "13/04/2026"])
def test_one_layout_reads_the_whole_column_even_beside_words_that_are_no_time(other: str) -> None:
    assert to_time(pd.Series(["03/04/2026", "13/05/2026", other]))[0] == pd.Timestamp("2026-04-03")


def test_timestamps_with_a_zone_become_utc() -> None:
    timestamps = to_time(pd.Series(pd.date_range("2026-01-01", periods=1, tz="Europe/Paris")))

    assert timestamps[0] == pd.Timestamp("2025-12-31 23:00")


def test_gaps_stay_gaps() -> None:
    timestamps = to_time(pd.Series([1999, None]))

    assert timestamps.isna().tolist() == [False, True]
