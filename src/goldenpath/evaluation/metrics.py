"""Metrics of one set of predictions, by task.

Each takes row weights, so that the bootstrap can resample by weight. The definitions are scikit-learn's and the tests
compare with it; its own functions check their input at ten times the cost of the computation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goldenpath.evaluation.ranking import average_precision, rank_correlation, roc_auc
from goldenpath.model.decision import mistakes_cost
from goldenpath.model.task import Kind
from goldenpath.project.params import Value

Weights = NDArray[np.float64] | None
Metric = Callable[[NDArray[Any], NDArray[Any], Weights], float]

HIGHER_IS_BETTER = {
    *("roc_auc", "average_precision", "precision", "recall"),
    *("accuracy", "balanced_accuracy"),
    *("r2", "rank_correlation"),
}
CALIBRATION_BINS = 10
PROBABILITY_FLOOR = 1e-7
"""Keeps the log loss of a class that training never saw finite."""

HEADLINE: dict[Kind, str] = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "mae"}
"""The metric by which models of a task are compared first."""


def for_task(kind: Kind, value: Value, threshold: float | None) -> dict[str, Metric]:
    """The metrics of a task, by name.

    Args:
        kind: The kind of problem.
        value: What mistakes cost.
        threshold: The score from which a binary model says positive.

    Returns:
        Functions of (targets, scores, weights); see :meth:`Task.encode` and :func:`estimator.scores` for the shapes.
    """
    if kind == "binary":
        return _binary(value, 0.5 if threshold is None else threshold)
    if kind == "multiclass":
        return _multiclass(value)
    return _regression(value)


def calibration_error(actual: NDArray[Any], score: NDArray[Any], weight: Weights = None) -> float:
    """Expected calibration error over ten bins of equal width (Naeini et al., AAAI 2015).

    The mean distance between the predicted probability and the observed frequency, weighted by the bins' rows.
    """
    weight = np.ones(len(actual)) if weight is None else weight
    bins = np.minimum((score * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gap = np.bincount(bins, weight * (score - actual), minlength=CALIBRATION_BINS)
    return float(np.abs(gap).sum() / weight.sum())


def _binary(value: Value, threshold: float) -> dict[str, Metric]:
    return {
        "roc_auc": roc_auc,
        "average_precision": average_precision,
        "log_loss": lambda y, p, w: _log_loss(y, np.column_stack([1 - p, p]), w),
        "brier": lambda y, p, w: float(np.average((p - y) ** 2, weights=w)),
        "calibration_error": calibration_error,
        "precision": lambda y, p, w: _share_positive(y, p >= threshold, w),
        "recall": lambda y, p, w: _share_positive(p >= threshold, y == 1, w),
        "cost_per_row": lambda y, p, w: mistakes_cost(y, p >= threshold, value, w),
    }


def _multiclass(value: Value) -> dict[str, Metric]:
    return {
        "log_loss": _log_loss,
        "accuracy": _accuracy,
        "balanced_accuracy": _balanced_accuracy,
        "cost_per_row": lambda y, p, w: (1 - _accuracy(y, p, w)) * value.wrong_class,
    }


def _regression(value: Value) -> dict[str, Metric]:
    return {
        "mae": _mae,
        "rmse": lambda y, p, w: float(np.sqrt(np.average((p - y) ** 2, weights=w))),
        "r2": _r2,
        "rank_correlation": rank_correlation,
        "cost_per_row": lambda y, p, w: _mae(y, p, w) * value.per_unit_error,
    }


def _share_positive(flag: NDArray[Any], among: NDArray[np.bool_], weight: Weights) -> float:
    """Weighted share of the rows in ``among`` that are flagged; 0 where there are none, as scikit-learn's default."""
    weight = np.ones(len(flag)) if weight is None else weight
    total = weight[among].sum()
    return float((weight * flag)[among].sum() / total) if total else 0.0


def _balanced_accuracy(y: NDArray[Any], probabilities: NDArray[Any], weight: Weights) -> float:
    """Mean recall of the classes that occur."""
    right = (probabilities.argmax(axis=1) == y).astype(np.float64)
    weight = np.ones(len(y)) if weight is None else weight
    rows = np.bincount(y, weight)
    return float((np.bincount(y, weight * right)[rows > 0] / rows[rows > 0]).mean())


def _log_loss(y: NDArray[Any], probabilities: NDArray[Any], weight: Weights) -> float:
    chosen = np.clip(probabilities[np.arange(len(y)), y], PROBABILITY_FLOOR, 1.0)
    return float(np.average(-np.log(chosen), weights=weight))


def _accuracy(y: NDArray[Any], probabilities: NDArray[Any], weight: Weights) -> float:
    return float(np.average(probabilities.argmax(axis=1) == y, weights=weight))


def _mae(y: NDArray[Any], prediction: NDArray[Any], weight: Weights) -> float:
    return float(np.average(np.abs(prediction - y), weights=weight))


def _r2(y: NDArray[Any], prediction: NDArray[Any], weight: Weights) -> float:
    """Share of the target's variance that is explained; NaN where the target does not vary."""
    variance = np.average((y - np.average(y, weights=weight)) ** 2, weights=weight)
    return float(1 - np.average((y - prediction) ** 2, weights=weight) / variance) if variance else np.nan
