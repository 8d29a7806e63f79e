"""Columns that alone predict the target almost perfectly: real signal seldom does, a trace of the outcome does.

Each column gets its own small model: the rows' values are put into bins, and the target of a bin is estimated from the
other rows (three-fold cross-validation). It costs a few milliseconds per column, whatever the column's shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from goldenpath.adopt.target import Target

SUSPECT_AUC = 0.98
SUSPECT_R2 = 0.95
"""Measured on public tables: the strongest honest single column of breast cancer has an AUC of 0.97, and the strongest
of house, flat and car prices an R² of 0.8; copies and after-the-fact columns have 0.99 and more."""

_ROWS = 9000
_BINS = 64
_FOLDS = 3
_MOST_CLASSES = 20


@dataclass(frozen=True)
class Suspect:
    """A column that is too good.

    Attributes:
        name: The column's name in the file.
        score: Its score alone, cross-validated.
        metric: ``AUC`` or ``R²``; the latter on ranks, so that a few large values do not decide.
        recodes: Whether each of its values stands for one class and each class for one value.
    """

    name: str
    score: float
    metric: str
    recodes: bool


def suspects(table: pd.DataFrame, names: Sequence[str], target: Target) -> list[Suspect]:
    """Find columns that predict the target alone.

    Args:
        table: The whole table, by the names of the file.
        names: The columns to try.
        target: What is predicted.

    Returns:
        The suspects, the best predictor first.
    """
    known = table[table[target.name].notna()]
    rows = _sampled(known[target.name], target)
    sample = known.iloc[rows]
    labels = _labels(sample[target.name], target)
    folds = np.arange(len(sample)) % _FOLDS
    metric, limit = ("AUC", SUSPECT_AUC) if target.classes else ("R²", SUSPECT_R2)
    found = []
    for name in names:
        bins = _binned(sample[name])
        estimate = _estimated(bins, labels, folds)
        score = _auc(labels, estimate) if target.classes else _r2(labels, estimate)
        if score >= limit:
            same = bool(target.classes) and _recodes(known[name], known[target.name])
            found.append(Suspect(name, score, metric, same))
    return sorted(found, key=lambda item: -item.score)


def _recodes(values: pd.Series, target: pd.Series) -> bool:
    """Whether a column says the same as the target in other words: one value for each class and the reverse."""
    pairs = pd.DataFrame({"value": values.astype("string").fillna(""), "target": target.astype("string")})
    pairs = pairs.drop_duplicates()
    return len(pairs) == pairs["value"].nunique() == pairs["target"].nunique()


def _sampled(target: pd.Series, guess: Target) -> NDArray[np.int64]:
    """Row positions, shuffled; classes in equal numbers where one is rare, which changes no AUC."""
    order = np.random.default_rng(0).permutation(len(target))
    if not guess.classes:
        return order[:_ROWS]
    codes = pd.factorize(target.astype("string"))[0][order]
    within = pd.Series(codes).groupby(codes).cumcount().to_numpy()
    return order[within < max(_ROWS // len(guess.classes), 300)]


def _labels(target: pd.Series, guess: Target) -> NDArray[np.float64]:
    """Shape (rows, classes) of zeros and ones, one column for two classes; or (rows, 1) of ranks between 0 and 1."""
    if not guess.classes:
        return np.asarray(target.astype("float64").rank(pct=True), dtype=np.float64)[:, None]
    words = target.astype("string")
    most = words.value_counts().index[: 1 if len(guess.classes) == 2 else _MOST_CLASSES]
    return np.column_stack([np.asarray(words == word, dtype=np.float64) for word in most])


def _binned(values: pd.Series) -> NDArray[np.int64]:
    """A bin number for each row; missing values have a bin of their own."""
    ordered = pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values)
    if ordered and values.nunique() > _BINS:
        ranks = values.rank(pct=True).astype("float64")
        return np.asarray((ranks * _BINS).fillna(-1).astype("int64") + 1)
    return np.asarray(pd.factorize(values, use_na_sentinel=True)[0] + 1, dtype=np.int64)


def _estimated(bins: NDArray[np.int64], labels: NDArray[np.float64], folds: NDArray[Any]) -> NDArray[np.float64]:
    """For each row the average label of its bin among the rows of the other folds, shrunk by one average row."""
    estimate = np.empty_like(labels)
    size = int(bins.max()) + 1
    for fold in range(_FOLDS):
        learn, ask = folds != fold, folds == fold
        rows = np.bincount(bins[learn], minlength=size)
        average = labels[learn].mean(axis=0)
        for column in range(labels.shape[1]):
            total = np.bincount(bins[learn], weights=labels[learn, column], minlength=size)
            estimate[ask, column] = ((total + average[column]) / (rows + 1))[bins[ask]]
    return estimate


def _auc(labels: NDArray[np.float64], estimate: NDArray[np.float64]) -> float:
    """Mean area under the ROC curve of each class against the rest.

    The area is the chance that a row of the class has the higher estimate (Mann-Whitney), ties counting half; with
    few different estimates, counting is many times faster than drawing the curve.
    """
    areas = []
    for inside, scores in zip(labels.T, estimate.T, strict=True):
        level = np.unique(scores, return_inverse=True)[1]
        within = np.bincount(level, weights=inside)
        outside = np.bincount(level, weights=1 - inside)
        below = np.cumsum(outside) - outside / 2
        areas.append(within @ below / (within.sum() * outside.sum()))
    return float(np.mean(areas))


def _r2(labels: NDArray[np.float64], estimate: NDArray[np.float64]) -> float:
    return 1 - float(np.sum((labels - estimate) ** 2) / np.sum((labels - labels.mean()) ** 2))
