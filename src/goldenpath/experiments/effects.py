"""The difference between two variants in a metric, and its standard error when rows of one unit belong together.

Every metric here is a ratio of sums over rows, or the area under the ROC curve. Both are asymptotically linear: their
error is a sum of what each row contributes, so rows of one unit are added up first and units are what varies. That is
the delta method for ratios (Deng, Knoblich and Lu, KDD 2018), and for the area the placements of DeLong, DeLong and
Clarke-Pearson (Biometrics 1988) by cluster, as Obuchowski (Biometrics 1997) has them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goldenpath.evaluation.metrics import PROBABILITY_FLOOR
from goldenpath.model.task import Kind
from goldenpath.project.errors import ProjectError
from goldenpath.project.params import Value

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """Predictions whose label is known, of both variants.

    Attributes:
        unit: Which unit each belongs to, as a number from 0.
        challenger: Whether the challenger gave it.
        actual: The label, as :meth:`Task.encode` has it.
        score: The logged score: a probability, or the predicted number.
        decided: The logged decision, encoded as the label; the score where there are no classes.
    """

    unit: NDArray[np.int64]
    challenger: NDArray[np.bool_]
    actual: Floats
    score: Floats
    decided: Floats

    def among(self, rows: NDArray[np.bool_]) -> Predictions:
        """Some of them."""
        return Predictions(
            self.unit[rows], self.challenger[rows], self.actual[rows], self.score[rows], self.decided[rows]
        )


@dataclass(frozen=True)
class Effect:
    """What lies between two variants.

    Attributes:
        champion: The champion's metric; NaN where it is not defined.
        challenger: The challenger's.
        error: Standard error of their difference; infinite where too few units tell.
        units: Units that the two have predicted for.
    """

    champion: float
    challenger: float
    error: float
    units: tuple[int, int]

    @property
    def difference(self) -> float:
        """Challenger less champion."""
        return self.challenger - self.champion


Contribution = Callable[[Predictions], tuple[float, Floats]]
"""The metric of some rows, and what each row adds to its error."""


def metrics(kind: Kind, value: Value) -> dict[str, Contribution]:
    """The metrics that can decide an experiment, by name.

    Args:
        kind: The kind of problem.
        value: What mistakes cost.
    """
    if kind == "regression":
        return {
            "mae": _mean(lambda rows: np.abs(rows.score - rows.actual)),
            "cost_per_row": _mean(lambda rows: np.abs(rows.score - rows.actual) * value.per_unit_error),
        }
    right = _mean(lambda rows: (rows.decided == rows.actual).astype(np.float64))
    if kind == "multiclass":
        wrong = _mean(lambda rows: (rows.decided != rows.actual) * value.wrong_class)
        return {"accuracy": right, "cost_per_row": wrong}
    return {
        "roc_auc": _roc_auc,
        "log_loss": _mean(lambda rows: -np.log(np.clip(_of_labels(rows), PROBABILITY_FLOOR, 1.0))),
        "brier": _mean(lambda rows: np.square(rows.score - rows.actual)),
        "accuracy": right,
        "precision": _ratio(lambda rows: (rows.actual == 1, rows.decided == 1)),
        "recall": _ratio(lambda rows: (rows.decided == 1, rows.actual == 1)),
        "cost_per_row": _mean(
            lambda rows: np.where(
                rows.actual == rows.decided, 0.0, np.where(rows.actual == 1, value.missed, value.false_alarm)
            )
        ),
    }


def named(name: str, kind: Kind, value: Value, where: str) -> Contribution:
    """The metric of that name.

    Raises:
        ProjectError: It cannot decide an experiment.
    """
    known = metrics(kind, value)
    if name not in known:
        raise ProjectError(
            f"{where}: {name} cannot decide an experiment: how far it strays by chance over repeated looks is "
            f"not known. Of this task, these can: {', '.join(known)}."
        )
    return known[name]


def of_values(values: Callable[[Predictions], Floats]) -> Contribution:
    """A metric that is the mean of one value per row."""
    return _mean(values)


def between(metric: Contribution, rows: Predictions) -> Effect:
    """The difference between the variants.

    A unit that both variants predicted for counts by the difference of its two contributions, so the same rows asked of
    both make a paired comparison, and separate units make one of two samples.
    """
    here, there = rows.among(~rows.challenger), rows.among(rows.challenger)
    size = int(rows.unit.max()) + 1 if len(rows.unit) else 0
    total, found = np.zeros(size), []
    units = []
    for part, sign in ((here, -1.0), (there, 1.0)):
        value, contributions = metric(part)
        found.append(value)
        units.append(len(np.unique(part.unit)))
        if len(part.unit):
            total += sign * np.bincount(part.unit, contributions, minlength=size)
    count = len(np.unique(rows.unit))
    is_known = min(units) > 1 and bool(np.isfinite(found).all())
    error = float(np.sqrt(np.square(total).sum() * count / (count - 1))) if is_known else np.inf
    return Effect(found[0], found[1], error, (units[0], units[1]))


def _mean(values: Callable[[Predictions], Floats]) -> Contribution:
    return _ratio(lambda rows: (values(rows), np.ones(len(rows.unit))))


def _ratio(parts: Callable[[Predictions], tuple[NDArray[np.generic], NDArray[np.generic]]]) -> Contribution:
    """The sum of the first over the rows where the second is 1, by their number."""

    def measured(rows: Predictions) -> tuple[float, Floats]:
        upper, lower = (np.asarray(part, dtype=np.float64) for part in parts(rows))
        whole = float(lower.sum())
        if not whole:
            return np.nan, np.zeros(len(rows.unit))
        value = float((upper * lower).sum() / whole)
        return value, lower * (upper - value) / whole

    return measured


def _roc_auc(rows: Predictions) -> tuple[float, Floats]:
    is_positive = rows.actual == 1
    upper, lower = np.sort(rows.score[is_positive]), np.sort(rows.score[~is_positive])
    if not len(upper) or not len(lower):
        return np.nan, np.zeros(len(rows.unit))
    below, above = _share_below(lower, rows.score), 1 - _share_below(upper, rows.score)
    value = float(below[is_positive].mean())
    return value, np.where(is_positive, (below - value) / len(upper), (above - value) / len(lower))


def _share_below(ordered: Floats, values: Floats) -> Floats:
    """What share of the ordered values lies below each value; ties count half."""
    places = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return np.asarray(places / (2 * len(ordered)), dtype=np.float64)


def _of_labels(rows: Predictions) -> Floats:
    return np.where(rows.actual == 1, rows.score, 1 - rows.score)
