"""Amounts that are put together from other columns: a total beside its parts, a part beside the total.

No such column gives itself away alone; together they are the target. A linear fit without error shows it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from goldenpath.adopt.target import Target

EXACT_R2 = 1 - 1e-6
"""Rounded amounts add up to this; measured ones, however strongly they depend on each other, do not."""

_ROWS = 5000
_LEAST_ROWS_PER_COLUMN = 4
_MOST_MISSING = 0.2


def composition(table: pd.DataFrame, names: Sequence[str], target: Target) -> list[str]:
    """Find the columns that a target is computed from by adding, subtracting and scaling.

    Args:
        table: The whole table, by the names of the file.
        names: The columns to try; others than numbers are left out.
        target: What is predicted.

    Returns:
        The fewest columns that a greedy search finds, in the order of ``names``; empty when the target is no such sum.
    """
    if target.classes:
        return []
    numbers = [
        name
        for name in names
        if pd.api.types.is_numeric_dtype(table[name])
        and not pd.api.types.is_bool_dtype(table[name])
        and table[name].isna().mean() <= _MOST_MISSING
    ]
    sample = table[[*numbers, target.name]].dropna()
    sample = sample.sample(min(len(sample), _ROWS), random_state=0)
    if not numbers or len(sample) < _LEAST_ROWS_PER_COLUMN * len(numbers):
        return []
    values = sample[numbers].to_numpy("float64")
    values = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), np.finfo(float).tiny)
    amounts = sample[target.name].to_numpy("float64")
    kept = list(range(len(numbers)))
    slopes = _slopes(values, amounts)
    if _r2(values, amounts, slopes) < EXACT_R2:
        return []
    for column in np.argsort(np.abs(slopes)):  # the least important first
        fewer = [other for other in kept if other != column]
        if fewer and _r2(values[:, fewer], amounts, _slopes(values[:, fewer], amounts)) >= EXACT_R2:
            kept = fewer
    return [numbers[column] for column in kept]


def _slopes(values: NDArray[np.float64], amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least squares on every second row."""
    found: NDArray[np.float64] = np.linalg.lstsq(values[::2], amounts[::2] - amounts.mean(), rcond=None)[0]
    return found


def _r2(values: NDArray[np.float64], amounts: NDArray[np.float64], slopes: NDArray[np.float64]) -> float:
    """On the rows that were not fitted."""
    rest = amounts[1::2] - amounts.mean() - values[1::2] @ slopes
    return 1 - float(np.sum(rest**2) / np.sum((amounts[1::2] - amounts.mean()) ** 2))
