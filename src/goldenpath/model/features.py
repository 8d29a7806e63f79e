"""Contract columns as the tensors that the model sees, in training and in serving alike.

Numbers are rounded to float32 before training, not after: scikit-learn then learns from exactly the values that ONNX
Runtime will see. This module needs NumPy only, so that serving stays small.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

MISSING_CATEGORY = ""
SECONDS_PER_DAY = 86_400


class FeatureColumn(Protocol):
    """What encoding needs to know of a column; the contract's columns and the signature's inputs both have it."""

    @property
    def name(self) -> str:
        """The column's name."""
        ...

    @property
    def is_category(self) -> bool:
        """Whether it goes into the tensor of categories rather than of numbers."""
        ...


@dataclass(frozen=True)
class Inputs:
    """The model's two input tensors.

    Attributes:
        numbers: float32, shape (rows, number columns); NaN where missing.
        categories: str objects, shape (rows, category columns); empty where missing.
    """

    numbers: NDArray[np.float32]
    categories: NDArray[np.object_]


Column = TypeVar("Column", bound=FeatureColumn)


def numbers_of(columns: Iterable[Column]) -> list[Column]:
    """The columns that the model sees as numbers, in order."""
    return [column for column in columns if not column.is_category]


def categories_of(columns: Iterable[Column]) -> list[Column]:
    """The columns that the model sees as categories, in order."""
    return [column for column in columns if column.is_category]


def encode(columns: Sequence[FeatureColumn], data: Mapping[str, Sequence[Any]]) -> Inputs:
    """Encode rows that are given column by column.

    Args:
        columns: The features, in the order of the contract.
        data: Values by column name, all of one length; None, NaN and NaT mean missing.

    Returns:
        The tensors, one row per value.
    """
    numbers, categories = numbers_of(columns), categories_of(columns)
    rows = len(data[columns[0].name])
    number_block = np.empty((rows, len(numbers)), dtype=np.float32)
    category_block = np.empty((rows, len(categories)), dtype=object)
    for index, column in enumerate(numbers):
        number_block[:, index] = _numbers(data[column.name])
    for index, column in enumerate(categories):
        category_block[:, index] = [as_category(value) for value in data[column.name]]
    return Inputs(number_block, category_block)


def as_number(value: Any) -> float:
    """One value as the model's number: booleans as 0 and 1, dates and times as days since 1970-01-01 UTC."""
    if isinstance(value, int | float):  # first, because nearly all are
        return float(value)
    if value is None:
        return math.nan
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.timestamp() / SECONDS_PER_DAY
    if isinstance(value, date):
        return float(value.toordinal() - _EPOCH_ORDINAL)
    return float(value)


def as_category(value: Any) -> str:
    """One value as the model's category; whole numbers lose their decimal point, missing values become empty."""
    if value is None or value != value:
        return MISSING_CATEGORY
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def _numbers(values: Sequence[Any]) -> NDArray[np.floating[Any]]:
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        seconds = values.astype("datetime64[us]").astype("int64") / 1e6
        return np.where(np.isnat(values), np.nan, seconds / SECONDS_PER_DAY)
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        return values.astype(np.float64)
    return np.array([as_number(value) for value in values], dtype=np.float64)
