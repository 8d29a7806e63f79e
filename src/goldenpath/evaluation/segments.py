"""The model's metrics in each segment and protected group: averages hide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from goldenpath.evaluation import intervals
from goldenpath.evaluation.metrics import Metric
from goldenpath.project.contract import Contract, Role
from goldenpath.project.params import Evaluation

NUMBER_GROUPS = 4
"""A number with many values is cut into quartiles."""
MOST_GROUPS = 30
MISSING = "(missing)"
MOST_RESAMPLES = 100
"""There are many groups, and their intervals only have to tell a notable difference from chance."""


@dataclass(frozen=True)
class Group:
    """Some of the rows: those of one value, or one range of values, of a column.

    Attributes:
        column: The column's name.
        role: ``segment`` or ``protected``.
        name: The value or the range in words.
        rows: Whether each row belongs to it, shape (rows,).
    """

    column: str
    role: Role
    name: str
    rows: NDArray[np.bool_]


def by_segment(
    contract: Contract,
    rows: pd.DataFrame,
    metrics: Mapping[str, Metric],
    actual: NDArray[Any],
    score: NDArray[Any],
    min_rows: int,
    settings: Evaluation | None = None,
    with_interval: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Metrics of every group of every segment and protected column.

    Args:
        contract: Names the columns with roles ``segment`` and ``protected``.
        rows: The test rows.
        metrics: Metrics by name.
        actual: Targets, shape (rows,).
        score: The model's scores, the rows first.
        min_rows: Groups with fewer rows are listed with their size and no metrics.
        settings: How intervals are drawn; None for no intervals.
        with_interval: The metrics that get a bootstrap interval.

    Returns:
        One record per group, the largest groups first: ``column``, ``role``, ``group``, ``rows``, ``metrics``, the
        ``low`` and ``high`` ends of the ``intervals``, and the means ``observed`` (targets) and ``predicted`` (scores;
        None with more than two classes).
    """
    records = []
    for group in groups(contract, rows):
        record: dict[str, Any] = {
            "column": group.column,
            "role": group.role,
            "group": group.name,
            "rows": int(group.rows.sum()),
        }
        if record["rows"] >= min_rows:
            record |= _judged(metrics, actual[group.rows], score[group.rows], settings, with_interval)
        else:
            record["metrics"] = None
        records.append(record)
    return records


def groups(contract: Contract, rows: pd.DataFrame) -> Iterator[Group]:
    """Every group of every segment and protected column, the largest of a column first."""
    roles: tuple[Role, ...] = ("segment", "protected")
    for role in roles:
        for column in contract.having(role):
            labels = group_labels(rows[column.name])
            for name in labels.value_counts().head(MOST_GROUPS).index:
                yield Group(column.name, role, str(name), (labels == name).to_numpy())


def group_labels(values: pd.Series) -> pd.Series:
    """The group of each row: its value in words, or its quartile for numbers with many values."""
    if pd.api.types.is_numeric_dtype(values.dtype) and values.nunique() > MOST_GROUPS:
        values = pd.qcut(values.astype("float64"), NUMBER_GROUPS, duplicates="drop")
    labels: Sequence[str] = [MISSING if pd.isna(value) else str(value) for value in values]
    return pd.Series(labels, index=values.index)


def _judged(
    metrics: Mapping[str, Metric],
    actual: NDArray[Any],
    score: NDArray[Any],
    settings: Evaluation | None,
    with_interval: Sequence[str],
) -> dict[str, Any]:
    chosen = {name: metrics[name] for name in with_interval}
    found: dict[str, intervals.Estimate] = {}
    if settings is not None:
        fewer = settings.model_copy(update={"bootstrap": min(settings.bootstrap, MOST_RESAMPLES)})
        found = intervals.estimates({"model": chosen}, actual, {"model": score}, fewer)[0]["model"]
    one_number = score.ndim == 1
    return {
        "metrics": _metrics(metrics, actual, score),
        "intervals": {name: {"low": item.low, "high": item.high} for name, item in found.items()},
        "observed": float(f"{actual.mean():.6g}") if one_number else None,
        "predicted": float(f"{score.mean():.6g}") if one_number else None,
    }


def _metrics(metrics: Mapping[str, Metric], actual: NDArray[Any], score: NDArray[Any]) -> dict[str, float | None]:
    found = {name: metric(actual, score, None) for name, metric in metrics.items()}
    return {name: None if np.isnan(value) else float(f"{value:.6g}") for name, value in found.items()}
