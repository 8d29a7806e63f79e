"""How well scores rank two classes or amounts, for thousands of weighted resamples.

The definitions are scikit-learn's and the tests compare with it. Its functions check their input at ten times the
cost of the computation, which the bootstrap would pay for every resample.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def roc_auc(actual: NDArray[np.int64], score: Vector, weight: Vector | None = None) -> float:
    """Area under the ROC curve: how often a positive stands above a negative, ties counting half.

    Args:
        actual: 1 where the row is positive, else 0, shape (rows,).
        score: Shape (rows,).
        weight: Weight of each row, shape (rows,).

    Returns:
        Between 0 and 1; NaN when one class is absent.
    """
    positives, negatives = _above(actual, score, weight)
    if not positives[-1] or not negatives[-1]:
        return np.nan
    return float(np.trapezoid(positives, negatives) / (positives[-1] * negatives[-1]))


def average_precision(actual: NDArray[np.int64], score: Vector, weight: Vector | None = None) -> float:
    """Mean precision over the positives as the threshold falls; see :func:`roc_auc` for the arguments."""
    positives, negatives = _above(actual, score, weight)
    if not positives[-1]:
        return np.nan
    found = positives[1:] + negatives[1:]
    precision = np.divide(positives[1:], found, out=np.zeros_like(found), where=found > 0)
    return float(np.sum(np.diff(positives) * precision) / positives[-1])


def rank_correlation(actual: Vector, score: Vector, weight: Vector | None = None) -> float:
    """Spearman's correlation: whether larger amounts are predicted larger, whatever the distance; ties share a rank.

    Args:
        actual: The amounts, shape (rows,).
        score: Shape (rows,).
        weight: Weight of each row, shape (rows,).

    Returns:
        Between -1 and 1, 0 for scores that are all the same and so order nothing; NaN when the amounts do not vary.
    """
    weight = np.ones(len(actual)) if weight is None else weight
    one, other = (_ranks(values, weight) for values in (actual, score))
    one, other = one - np.average(one, weights=weight), other - np.average(other, weights=weight)
    spread, spread_of_score = (float(np.sum(weight * ranks**2)) for ranks in (one, other))
    if not spread:
        return np.nan
    if not spread_of_score:
        return 0.0
    return float(np.sum(weight * one * other) / np.sqrt(spread * spread_of_score))


def _ranks(values: Vector, weight: Vector) -> Vector:
    """The weight below each value and half of that at it: ranks, but for a shift that no correlation sees."""
    order = np.argsort(values, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(values[order])), len(order) - 1)
    below = np.append(0.0, np.cumsum(weight[order])[ends])
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((below[:-1] + below[1:]) / 2, np.diff(np.append(-1, ends)))
    return ranks


def _above(actual: NDArray[np.int64], score: Vector, weight: Vector | None) -> tuple[Vector, Vector]:
    """Weight of the positives and of the negatives at or above each distinct score, from the highest; zero first."""
    weight = np.ones(len(actual)) if weight is None else weight
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
    positives = np.cumsum((weight * actual)[order])[ends]
    negatives = np.cumsum((weight * (1 - actual))[order])[ends]
    return np.append(0.0, positives), np.append(0.0, negatives)
