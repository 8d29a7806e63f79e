"""What the words of a text column are: whole numbers, numbers, timestamps, or words.

A CSV file holds text only. :func:`typed` decides for a whole column at once, and only when every value agrees: one word
that is no number leaves the column text, so nothing is lost before the contract has seen it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from datetime import datetime
from itertools import product
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from goldenpath.tables.null_values import MISSING_IN_NUMBERS

Decimal = Literal[".", ","]

_NUMBER = {
    ".": r"^[+-]?(?:\d+(?:\.\d*)?|\.\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?)(?:[eE][+-]?\d+)?$",
    ",": r"^[+-]?(?:\d+(?:,\d*)?|,\d+|\d{1,3}(?:\.\d{3})+(?:,\d+)?)(?:[eE][+-]?\d+)?$",
}
_UNITS = ("%", "$", "€", "£", "¥", "USD", "EUR", "GBP", "CHF")
_CODE = r"^[+-]?0\d"  # a leading zero is part of a code, such as a post code; a number would lose it
_DIGITS = r"^[+-]?\d+$"
_YEAR_FIRST = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y-%b-%d")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%b %d %Y", "%b %d, %Y", "%B %d %Y", "%B %d, %Y", "%a %b %d %Y")
_DAY_FIRST = (
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %B %Y",
)
_DAYS = (*_YEAR_FIRST, *_MONTH_FIRST, *_DAY_FIRST)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", "T%H:%M")
_MONTHS = ("%Y-%m", "%Y/%m", "%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%m/%Y")
_SAMPLE = 200
_OLDEST, _NEWEST = 1500, 2200  # years that a whole number may plausibly mean


def typed(words: Any, decimal: Decimal = ".") -> Any:
    """Give a column of text the type that all its values have.

    Blanks around values are dropped, empty text is missing. A sign for a currency or for percent that stands at the
    same end of every number is dropped: "12 %" is 12. Whole numbers written ``YYYYMMDD`` throughout are dates.
    A date such as 03/04/2020, which could be read both ways in every row, is read month first.

    Args:
        words: Arrow chunked array of strings.
        decimal: The decimal mark; the other of point and comma may group thousands.

    Returns:
        An Arrow chunked array of int64, float64, timestamp (UTC, no zone), or string.
    """
    words = pc.utf8_trim_whitespace(words)
    words = pc.if_else(pc.equal(words, ""), None, words)
    if words.null_count == len(words):
        return words
    for reading in (_numbers, _timestamps, _numbers_with_unit):
        result = reading(words, decimal)
        if result is not None:
            return result
    return words


def to_time(values: pd.Series) -> pd.Series:
    """Read a column as timestamps, whatever it holds: years, YYYYMM, YYYYMMDD, Unix seconds or milliseconds, or text.

    Text in one layout is read by that layout throughout, so that 03/04/2026 is not April in one row and March in the
    next.

    Returns:
        Moments in UTC, without a zone; NaT where a value is none.
    """
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return pd.Series(values.dt.tz_convert("UTC").dt.tz_localize(None))
    if pd.api.types.is_datetime64_dtype(values):
        return values
    if pd.api.types.is_bool_dtype(values):
        return _no_timestamps(values)
    if pd.api.types.is_numeric_dtype(values):
        return _from_numbers(values)
    words = values.astype("string").str.strip()
    seen = pd.Series(words.dropna().unique(), dtype="string")
    timestamps = _in_one_layout(seen)
    if timestamps is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandas tells which layouts it means to drop; here any will do
            timestamps = pd.to_datetime(seen, format="mixed", errors="coerce", utc=True).dt.tz_localize(None)
        some = _in_one_layout(seen[timestamps.notna()])
        timestamps = timestamps if some is None else some.reindex(seen.index)
    return pd.Series(words.map(dict(zip(seen, timestamps, strict=True)))).astype("datetime64[us]")


def _in_one_layout(words: pd.Series) -> pd.Series | None:
    timestamps = None if words.empty else _timestamps(pa.chunked_array([pa.array(words, pa.string())]), ".")
    return None if timestamps is None else pd.Series(timestamps.to_pandas().to_numpy(), index=words.index)


def _from_numbers(values: pd.Series) -> pd.Series:
    numbers = values.astype("float64")
    present = numbers.dropna()
    if present.empty or not whole_numbers(present):
        return _no_timestamps(values)
    low, high = present.min(), present.max()
    for layout, scale in (("%Y", 1), ("%Y%m", 100), ("%Y%m%d", 10_000)):
        if low >= _OLDEST * scale and high <= _NEWEST * scale:
            words = values.astype("Int64").astype("string")
            return pd.to_datetime(words, format=layout, errors="coerce").astype("datetime64[us]")
    # Unix time of the years 1990 to 2100, in seconds or in milliseconds; anything else is some other number.
    units: tuple[tuple[Literal["s", "ms"], int], ...] = (("s", 1), ("ms", 1000))
    for unit, scale in units:
        if low >= 631_152_000 * scale and high <= 4_102_444_800 * scale:
            return pd.to_datetime(numbers, unit=unit, errors="coerce").astype("datetime64[us]")
    return _no_timestamps(values)


def _no_timestamps(values: pd.Series) -> pd.Series:
    return pd.Series(pd.NaT, index=values.index, dtype="datetime64[us]")


def _numbers(words: Any, decimal: Decimal) -> Any | None:
    """The column as int64, float64 or (YYYYMMDD) timestamps; None when it is none of them."""
    plain = _plain_numbers(words, decimal)
    if plain is None:
        return None
    if pc.any(pc.match_substring_regex(plain, _CODE)).as_py():
        return None
    try:
        whole = pc.cast(plain, pa.int64())
    except pa.ArrowInvalid:
        if pc.all(pc.match_substring_regex(plain, _DIGITS)).as_py():
            return None  # longer than 64 bits: a code, which a float would round
        numbers = pc.cast(plain, pa.float64())
        return pc.if_else(pc.is_finite(numbers), numbers, None)
    return _dates_of(whole) or whole


def _plain_numbers(words: Any, decimal: Decimal) -> Any | None:
    """Numbers spelled as Arrow reads them, other words for "no value" missing; None when a word is no number."""
    pattern = _NUMBER[decimal]
    head = _head(words)
    if not head or not all(re.match(pattern, word) for word in head):
        return None
    if decimal == ".":
        try:
            pc.cast(words, pa.float64())
        except pa.ArrowInvalid:
            pass
        else:
            return pc.replace_substring(words, "+", "")  # the common case, many times faster than what follows
    fits = pc.match_substring_regex(words, pattern)
    others = pc.unique(pc.filter(words, pc.invert(fits))).drop_null()
    if len(others) > len(MISSING_IN_NUMBERS) * 3 or not all(map(_is_missing, others.to_pylist())):
        return None
    words = pc.if_else(fits, words, None)
    words = pc.replace_substring(words, "," if decimal == "." else ".", "")
    return pc.replace_substring(pc.replace_substring(words, decimal, "."), "+", "")


def _head(words: Any) -> list[str]:
    """The first values that are there."""
    return [word for word in words.drop_null().slice(0, _SAMPLE).to_pylist() if not _is_missing(word)]


def _is_missing(word: str) -> bool:
    return word.lower() in MISSING_IN_NUMBERS


def _numbers_with_unit(words: Any, decimal: Decimal) -> Any | None:
    """The column as numbers, when every value carries the same unit at the same end; None when it does not."""
    head = _head(words)
    for unit in _UNITS:
        for pattern in (rf"^([+-]?){re.escape(unit)}\s*", rf"()\s*{re.escape(unit)}$"):
            if head and all(re.search(pattern, word) for word in head):
                lowered = pc.utf8_lower(words)
                carries = pc.or_(
                    pc.match_substring_regex(words, pattern),
                    pc.is_in(lowered, value_set=pa.array(sorted(MISSING_IN_NUMBERS))),
                )
                bare = pc.replace_substring_regex(words, pattern, r"\1")
                return _numbers(bare, decimal) if pc.all(carries).as_py() else None
    return None


def _dates_of(whole: Any) -> Any | None:
    bounds = pc.min_max(whole).as_py()
    if bounds["min"] < 1900_01_01 or bounds["max"] > 2100_12_31:
        return None
    timestamps = pc.strptime(pc.cast(whole, pa.string()), format="%Y%m%d", unit="us", error_is_null=True)
    return timestamps if timestamps.null_count == whole.null_count else None


def _timestamps(words: Any, _decimal: Decimal) -> Any | None:
    """The column as timestamps without a zone; None when some value is no timestamp."""
    head = _head(words)
    if not head or not all(any(sign.isdigit() for sign in word) and len(word) <= 40 for word in head):
        return None
    lowered = pc.utf8_lower(words)
    words = pc.if_else(pc.is_in(lowered, value_set=pa.array(sorted(MISSING_IN_NUMBERS))), None, words)
    for kind in (pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.timestamp("ns"), pa.timestamp("ns", "UTC")):
        try:
            return pc.cast(pc.cast(words, kind), pa.timestamp("us"), safe=False)
        except pa.ArrowInvalid:
            continue
    for layout in _layouts(head):
        timestamps = pc.strptime(words, format=layout, unit="us", error_is_null=True)
        if timestamps.null_count == words.null_count:
            return timestamps
    return None


def _layouts(head: list[str]) -> Iterator[str]:
    """The layouts that read every sampled value."""
    days_and_times = (day + time for day, time in product(_DAYS, _TIMES))
    for layout in (*days_and_times, *_MONTHS):
        if all(_reads(layout, word) for word in head):
            yield layout


def _reads(layout: str, word: str) -> bool:
    try:
        datetime.strptime(word, layout)  # noqa: DTZ007  # whether it can be read, not what it says
    except ValueError:
        return False
    return True


def whole_numbers(values: Any) -> bool:
    """Whether every present value of a numeric array is a whole number."""
    numbers = np.asarray(values, dtype="float64")
    return bool(np.all(np.isnan(numbers) | (numbers % 1 == 0)))
