"""From a probability to a decision: the threshold at which mistakes cost least."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from goldenpath.project.params import Value

THRESHOLDS: NDArray[np.float64] = np.round(np.arange(0.005, 1.0, 0.005), 3)
"""Candidate thresholds: half a point apart is finer than any validation split can tell."""


def mistakes_cost(
    actual: NDArray[np.int64], alarm: NDArray[np.bool_], value: Value, weight: NDArray[np.float64] | None = None
) -> float:
    """Mean cost per row of missed positives and false alarms, in ``value.currency``.

    Args:
        actual: 1 where the row is positive, shape (rows,).
        alarm: Whether the model says positive, shape (rows,).
        value: What each mistake costs.
        weight: Weight of each row, shape (rows,).
    """
    cost = np.where(actual == 1, np.where(alarm, 0.0, value.missed), np.where(alarm, value.false_alarm, 0.0))
    return float(np.average(cost, weights=weight))


def cost_by_threshold(actual: NDArray[np.int64], score: NDArray[np.float64], value: Value) -> NDArray[Any]:
    """Mean cost per row at each of :data:`THRESHOLDS`, shape (thresholds,)."""
    return np.array([mistakes_cost(actual, score >= threshold, value) for threshold in THRESHOLDS])


def best_threshold(actual: NDArray[np.int64], score: NDArray[np.float64], value: Value) -> float:
    """The threshold of least cost; the lowest of several equals, which misses fewest."""
    return float(THRESHOLDS[int(np.argmin(cost_by_threshold(actual, score, value)))])
