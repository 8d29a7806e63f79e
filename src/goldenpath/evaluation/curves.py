"""The points behind the plots, by task: small tables that DVC and the evaluation page draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from goldenpath.evaluation.metrics import CALIBRATION_BINS
from goldenpath.model.decision import THRESHOLDS, cost_by_threshold
from goldenpath.model.task import Task
from goldenpath.project.params import Value

Tables = dict[str, list[dict[str, Any]]]

MOST_POINTS = 200
HISTOGRAM_BINS = 40


def for_task(task: Task, actual: NDArray[Any], score: NDArray[Any], value: Value, threshold: float | None) -> Tables:
    """Tables by plot name.

    Args:
        task: The task.
        actual: Targets, shape (rows,).
        score: The model's scores, the rows first.
        value: What mistakes cost.
        threshold: The score from which a binary model says positive.

    Returns:
        binary: ``roc``, ``precision_recall``, ``calibration``, ``cost``, ``confusion``, ``scores``. multiclass:
        ``confusion``. regression: ``predicted_actual``, ``residuals``.
    """
    if task.kind == "regression":
        return {"predicted_actual": _by_quantile(actual, score), "residuals": _histogram(score - actual, "residual")}
    if task.kind == "multiclass":
        return {"confusion": _confusion(task, actual, score.argmax(axis=1))}
    alarm = (score >= threshold).astype(np.int64)
    tables: Tables = {
        "cost": _records(threshold=THRESHOLDS, cost_per_row=cost_by_threshold(actual, score, value)),
        "confusion": _confusion(task, actual, alarm),
        "scores": _histogram(score, "score", actual),
    }
    if len(np.unique(actual)) == 2:
        tables |= _ranking(actual, score)
    return tables


def _ranking(actual: NDArray[Any], score: NDArray[Any]) -> Tables:
    false_positive, true_positive, _ = sk.roc_curve(actual, score)
    precision, recall, _ = sk.precision_recall_curve(actual, score)
    observed, predicted = calibration_curve(actual, score, n_bins=CALIBRATION_BINS, strategy="quantile")
    return {
        "roc": _thinned(_records(false_positive_rate=false_positive, true_positive_rate=true_positive)),
        "precision_recall": _thinned(_records(recall=recall[::-1], precision=precision[::-1])),
        "calibration": _records(predicted=predicted, observed=observed),
    }


def _confusion(task: Task, actual: NDArray[Any], predicted: NDArray[Any]) -> list[dict[str, Any]]:
    labels = [str(label) for label in task.classes]
    counts = sk.confusion_matrix(actual, predicted, labels=range(len(labels)))
    return [
        {"actual": labels[row], "predicted": labels[column], "rows": int(counts[row, column])}
        for row in range(len(labels))
        for column in range(len(labels))
    ]


def _by_quantile(actual: NDArray[Any], score: NDArray[Any]) -> list[dict[str, Any]]:
    """Mean prediction and mean target in twentieths of the prediction: the calibration curve of a regression."""
    frame = pd.DataFrame({"predicted": score, "actual": actual})
    groups = pd.qcut(frame["predicted"], 20, duplicates="drop")
    means = frame.groupby(groups, observed=True).mean()
    return _records(predicted=means["predicted"].to_numpy(), actual=means["actual"].to_numpy())


def _histogram(values: NDArray[Any], name: str, actual: NDArray[Any] | None = None) -> list[dict[str, Any]]:
    low, high = np.quantile(values, [0.005, 0.995])  # a few far values would squeeze all others into one bar
    if high - low <= 1e-9 * max(1.0, abs(high)):
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, HISTOGRAM_BINS + 1)
    middle = (edges[:-1] + edges[1:]) / 2
    if actual is None:
        return _records(**{name: middle, "rows": np.histogram(values, edges)[0]})
    counts = {f"rows_{label}": np.histogram(values[actual == label], edges)[0] for label in (0, 1)}
    return _records(**{name: middle}, **counts)


def _records(**columns: NDArray[Any]) -> list[dict[str, Any]]:
    rounded = {name: [_rounded(value) for value in values.tolist()] for name, values in columns.items()}
    return [dict(zip(rounded, row, strict=True)) for row in zip(*rounded.values(), strict=True)]


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.6g}")


def _thinned(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(records) <= MOST_POINTS:
        return records
    keep = np.unique(np.linspace(0, len(records) - 1, MOST_POINTS).round().astype(int))
    return [records[index] for index in keep]
