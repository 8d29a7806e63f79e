"""Columns of Arrow tables as the model sees them: numbers as float32, categories as text.

The same encoding as :mod:`..model.features`, for millions of rows at once and without a Python object for each value.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from goldenpath.model.features import MISSING_CATEGORY, SECONDS_PER_DAY, as_category, as_number


def as_numbers(column: Any) -> NDArray[np.float32]:
    """The values of a column; NaN where missing.

    Args:
        column: Arrow array or chunked array of numbers, booleans, dates, times, or text that holds dates or times.

    Returns:
        float32, shape (rows,); timestamps as days since 1970-01-01 UTC.

    Raises:
        ValueError: A value is neither a number nor a date or time; the message begins with it.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if _is_text(kind):
        try:
            column, kind = column.cast(pa.timestamp("us", "UTC")), pa.timestamp("us", "UTC")
        except pa.ArrowInvalid:  # dates, or times without a zone
            return np.array([_of_text(value) for value in column.to_pylist()], dtype=np.float32)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        zone = getattr(kind, "tz", None)
        micros = column.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
        return (_filled(micros) / (SECONDS_PER_DAY * 1e6)).astype(np.float32)
    return _filled(column).astype(np.float32)


def category_counts(column: Any) -> tuple[dict[str, int], int]:
    """How often each category occurs, and how often none does.

    Args:
        column: Arrow array or chunked array of any type.
    """
    counts: dict[str, int] = {}
    missing = 0
    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        missing += chunk.null_count
        if pa.types.is_dictionary(chunk.type):
            # Counting small codes costs a tenth of counting text.
            codes = chunk.indices.drop_null().to_numpy(zero_copy_only=False)
            found = np.bincount(codes, minlength=len(chunk.dictionary)).tolist()
            pairs = zip(chunk.dictionary.to_pylist(), found, strict=True)
        else:
            table = pc.value_counts(chunk.drop_null())
            pairs = zip(table.field(0).to_pylist(), table.field(1).to_pylist(), strict=True)
        for value, times in pairs:
            name = as_category(value)
            if times and name == MISSING_CATEGORY:
                missing += times
            elif times:
                counts[name] = counts.get(name, 0) + times
    return counts, missing


def _of_text(value: str | None) -> float:
    try:
        return as_number(value)
    except ValueError as error:
        raise ValueError(f"{value!r}, which is text and neither a date nor a time") from error


def _filled(column: Any) -> NDArray[np.float64]:
    if column.null_count == 0 and pa.types.is_floating(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    try:
        found: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    except pa.ArrowNotImplementedError as error:
        raise ValueError(f"values of the type {column.type}") from error
    return found


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
