"""Arrow record batches against the contract, and as the model's tensors: what the request model is to JSON.

Work that depends on a value alone is done once for each value that occurs, not for each row: categories come out of a
file as codes into a short list, and go into the model's tensor by them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from goldenpath.model.features import (
    MISSING_CATEGORY,
    SECONDS_PER_DAY,
    Inputs,
    as_category,
    as_number,
    categories_of,
    numbers_of,
)
from goldenpath.project.contract import MOMENTS, Column, Contract, LogicalType
from goldenpath.tables.null_values import MISSING_ANYWHERE, MISSING_IN_NUMBERS

_MISSING_TRUTHS = pa.array(MISSING_ANYWHERE)
_MISSING_NUMBERS = pa.array(sorted(MISSING_IN_NUMBERS))
TRUTHS = {"true": True, "t": True, "yes": True, "y": True, "1": True, "1.0": True} | {
    "false": False, "f": False, "no": False, "n": False, "0": False, "0.0": False
}  # fmt: skip
TIMESTAMP = pa.timestamp("us", "UTC")

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Checked:
    """Rows beside the contract.

    Attributes:
        kept: Which rows keep it, shape (rows,).
        inputs: The tensors of the rows that keep it.
        columns: The features of the rows that keep it, typed as the contract says.
        reasons: For each row that does not keep it, what it broke, in words.
        violations: How often each rule of each column was broken.
        missing: How many values of each feature are missing in the rows that keep it.
    """

    kept: Mask
    inputs: Inputs
    columns: dict[str, pa.Array]
    reasons: list[str]
    violations: Counter[tuple[str, str]]
    missing: Counter[str]


def check(agreed: Contract, batch: Mapping[str, pa.Array], rows: int) -> Checked:
    """Hold rows against the contract, by the rules that a request is held to.

    Args:
        agreed: The contract.
        batch: Values by feature; a feature that is left out is missing in every row.
        rows: How many rows there are.
    """
    typed: dict[str, pa.Array] = {}
    faults: list[tuple[Column, str, Mask]] = []
    for column in agreed.features:
        given = batch.get(column.name, pa.nulls(rows))
        values, is_mistyped = in_type(column.type, given)
        typed[column.name] = values
        faults += [(column, name, mask) for name, mask in _faults(column, values, is_mistyped) if mask.any()]
    kept = ~np.logical_or.reduce([mask for *_, mask in faults]) if faults else np.ones(rows, dtype=np.bool_)
    if faults:
        chosen = pa.array(kept)
        typed = {name: values.filter(chosen) for name, values in typed.items()}
    return Checked(
        kept=kept,
        inputs=_encode(agreed, typed, int(kept.sum())),
        columns=typed,
        reasons=_reasons(faults, np.flatnonzero(~kept)),
        violations=Counter({(column.name, name): int(mask.sum()) for column, name, mask in faults}),
        missing=Counter({name: values.null_count for name, values in typed.items() if values.null_count}),
    )


def _encode(agreed: Contract, typed: Mapping[str, pa.Array], rows: int) -> Inputs:
    numbers, categories = numbers_of(agreed.features), categories_of(agreed.features)
    number_block = np.empty((rows, len(numbers)), dtype=np.float32)
    category_block = np.empty((rows, len(categories)), dtype=object)
    for index, column in enumerate(numbers):
        number_block[:, index] = _as_numbers(typed[column.name])
    for index, column in enumerate(categories):
        category_block[:, index] = _per_value(typed[column.name], as_category, MISSING_CATEGORY, object)
    return Inputs(number_block, category_block)


def _as_numbers(values: pa.Array) -> NDArray[np.float64]:
    """Values as the model's numbers, NaN where missing: timestamps as days since 1970."""
    if pa.types.is_timestamp(values.type):
        return _float(values.cast(pa.int64())) / (1e6 * SECONDS_PER_DAY)
    if pa.types.is_date(values.type):
        return _float(values.cast(pa.int32()))
    return _float(values.cast(pa.uint8()) if pa.types.is_boolean(values.type) else values)


def _float(values: pa.Array) -> NDArray[np.float64]:
    found: NDArray[np.float64] = values.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    return found


def _per_value(values: pa.Array, of: Callable[[Any], Any], where_missing: Any, kind: Any) -> NDArray[Any]:
    """What a function says of each row's value, asked once for each value that occurs."""
    encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    known = encoded.dictionary.to_pylist()
    answers = np.empty(len(known) + 1, dtype=kind)
    answers[:-1] = [where_missing if value is None else of(value) for value in known]
    answers[-1] = where_missing
    codes = encoded.indices.fill_null(len(known)) if encoded.indices.null_count else encoded.indices
    found: NDArray[Any] = answers[codes.to_numpy(zero_copy_only=False)]
    return found


def _faults(column: Column, values: pa.Array, is_mistyped: Mask) -> Iterator[tuple[str, Mask]]:
    """The rules of a column with the rows that break them; a row breaks one rule of a column at most."""
    yield "type", is_mistyped
    if column.required and values.null_count:
        yield "required", _nulls(values) & ~is_mistyped
    if column.enum:
        allowed = {as_category(value) for value in column.enum} if column.type == "string" else set(column.enum)
        yield "enum", ~_per_value(values, lambda value: value in allowed, True, np.bool_)
        return
    if column.type in ("integer", "number", *MOMENTS) and (column.minimum is not None or column.maximum is not None):
        numbers, least, most = _as_numbers(values), as_number(column.minimum), as_number(column.maximum)
        yield "range", (numbers < least) | (numbers > most)  # no limit is NaN, beyond which is nothing
    if column.type == "string" and column.pattern is not None:
        pattern = re.compile(column.pattern)
        yield "pattern", ~_per_value(values, lambda value: pattern.fullmatch(value) is not None, True, np.bool_)
    if column.type == "string" and column.max_length is not None:
        most = column.max_length
        yield "length", ~_per_value(values, lambda value: len(value) <= most, True, np.bool_)


def _reasons(faults: Collection[tuple[Column, str, Mask]], rows: NDArray[np.intp]) -> list[str]:
    words = [
        [f"{column.name} {column.rules[name].text}" if broken else "" for broken in mask[rows].tolist()]
        for column, name, mask in faults
    ]
    return ["; ".join(filter(None, parts)) for parts in zip(*words, strict=True)]


def in_type(asked: LogicalType, given: pa.Array) -> tuple[pa.Array, Mask]:
    """Values in a type of the contract, and where a value was given that does not fit it; there it is missing.

    Args:
        asked: The type.
        given: Values of any type; text is read as training reads it.
    """
    kind = given.type
    if pa.types.is_null(kind):
        return _empty(asked, len(given)), np.zeros(len(given), dtype=np.bool_)
    if pa.types.is_dictionary(kind):
        if asked == "string" and _is_text(kind.value_type) and not given.dictionary.null_count:
            return given, np.zeros(len(given), dtype=np.bool_)
        given = given.dictionary_decode()
        kind = given.type
    if asked == "string":
        return _texts(given), np.zeros(len(given), dtype=np.bool_)
    if _is_text(kind):
        given = _without_missing_words(asked, given.cast(pa.string()))
    typed = _CONVERT[asked](given)
    if asked == "integer":
        typed = _whole(typed)
    were_missing = _nulls(given)
    if pa.types.is_floating(kind):
        were_missing = were_missing | np.isnan(_float(given))
    return typed, _nulls(typed) & ~were_missing


def _empty(asked: LogicalType, rows: int) -> pa.Array:
    kinds = {"string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
    return pa.nulls(rows, kinds.get(asked, pa.date32() if asked == "date" else TIMESTAMP))


def _texts(given: pa.Array) -> pa.Array:
    if pa.types.is_floating(given.type):
        given = pc.if_else(pc.is_nan(given), pa.scalar(None, given.type), given)
    encoded = (given.cast(pa.string()) if _is_text(given.type) else given).dictionary_encode()
    if not _is_text(given.type):
        texts = pa.array([as_category(value) for value in encoded.dictionary.to_pylist()], pa.string())
        encoded = pa.DictionaryArray.from_arrays(encoded.indices, texts)
    return encoded


def _without_missing_words(asked: LogicalType, given: pa.Array) -> pa.Array:
    """Text that is to become something else, without what training takes for missing there."""
    if asked == "boolean":  # among truths, training knows the words of any column only
        is_missing = pc.is_in(given, value_set=_MISSING_TRUTHS)
    else:
        is_missing = pc.is_in(pc.ascii_lower(pc.utf8_trim_whitespace(given)), value_set=_MISSING_NUMBERS)
    return pc.if_else(is_missing, pa.scalar(None, pa.string()), given)


def _numbers(given: pa.Array) -> pa.Array:
    """As float64; missing where it is no number, or no finite one."""
    if _is_text(given.type):
        trimmed = pc.utf8_trim_whitespace(given)
        try:
            given = trimmed.cast(pa.float64())
        except pa.ArrowInvalid:
            is_number = pc.match_substring_regex(trimmed, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
            given = pc.if_else(is_number, trimmed, pa.scalar(None, pa.string()))
            given = pc.replace_substring_regex(given, r"^\+", "").cast(pa.float64())
    elif pa.types.is_boolean(given.type):
        given = given.cast(pa.uint8())
    elif pa.types.is_temporal(given.type):
        return pa.nulls(len(given), pa.float64())
    elif pa.types.is_integer(given.type):
        return given
    numbers = given.cast(pa.float64(), safe=False)
    is_finite = pc.is_finite(numbers)
    if pc.all(is_finite).as_py() is not False:
        return numbers
    return pc.if_else(is_finite, numbers, pa.scalar(None, pa.float64()))


def _whole(numbers: pa.Array) -> pa.Array:
    """As int64; missing where there is a fraction, or more digits than fit."""
    if pa.types.is_integer(numbers.type):
        return numbers.cast(pa.int64())
    fits = pc.and_(pc.equal(pc.floor(numbers), numbers), pc.less(pc.abs(numbers), 2.0**63))
    return pc.if_else(fits, numbers, pa.scalar(None, pa.float64())).cast(pa.int64())


def _booleans(given: pa.Array) -> pa.Array:
    if pa.types.is_boolean(given.type):
        return given
    encoded = given.dictionary_encode()
    truths = pa.array([TRUTHS.get(str(value).strip().lower()) for value in encoded.dictionary.to_pylist()], pa.bool_())
    return truths.take(encoded.indices)


def _timestamps(given: pa.Array) -> pa.Array:
    """As timestamps in UTC; a time without a zone is UTC."""
    if pa.types.is_timestamp(given.type):
        zoned = given if given.type.tz else given.cast(pa.timestamp(given.type.unit, "UTC"))
        return zoned.cast(TIMESTAMP, safe=False)
    if pa.types.is_date(given.type):
        return given.cast(pa.timestamp("us")).cast(TIMESTAMP)
    if not _is_text(given.type):
        return pa.nulls(len(given), TIMESTAMP)
    for kind in (TIMESTAMP, pa.timestamp("us")):
        with suppress(pa.ArrowInvalid):
            return given.cast(kind).cast(TIMESTAMP)
    encoded = given.dictionary_encode()
    return pa.array([_timestamp(value) for value in encoded.dictionary.to_pylist()], TIMESTAMP).take(encoded.indices)


def _timestamp(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _dates(given: pa.Array) -> pa.Array:
    """As dates; a timestamp is a date only at midnight."""
    if pa.types.is_date(given.type):
        return given.cast(pa.date32())
    timestamps = _timestamps(given)
    days = pc.floor_temporal(timestamps, unit="day")
    return pc.if_else(pc.equal(days, timestamps), timestamps, pa.scalar(None, TIMESTAMP)).cast(pa.date32())


_CONVERT: Mapping[str, Callable[[pa.Array], pa.Array]] = {
    "integer": _numbers,
    "number": _numbers,
    "boolean": _booleans,
    "date": _dates,
    "timestamp": _timestamps,
}


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _nulls(values: pa.Array) -> Mask:
    found: Mask = values.is_null().to_numpy(zero_copy_only=False)
    return found
