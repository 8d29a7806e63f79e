"""The gates over all held-out rows: floors, non-inferiority, calibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from goldenpath.evaluation import intervals, metrics
from goldenpath.evaluation.intervals import Estimate
from goldenpath.evaluation.metrics import HIGHER_IS_BETTER, Metric
from goldenpath.gates.model.findings import Gate, held, off
from goldenpath.model.task import Kind
from goldenpath.project.contract import Contract
from goldenpath.project.errors import ProjectError
from goldenpath.project.params import PATH, Calibration, Evaluation, Floor, Gates, Margin
from goldenpath.reports import formatting

CANDIDATE, CHAMPION = "candidate", "champion"
CALIBRATION = "calibration_error"


@dataclass(frozen=True)
class Predictions:
    """Scores of one or both models on the same rows.

    Attributes:
        contract: Names segments and protected columns.
        rows: The rows.
        actual: Targets, shape (rows,).
        scores: Scores by model.
        metrics: The task's metrics by model and name; each model decides by its own threshold.
        clusters: See :func:`intervals.draws`.
        settings: How intervals are drawn, and how few rows are not judged.
    """

    contract: Contract
    rows: pd.DataFrame
    actual: NDArray[Any]
    scores: Mapping[str, NDArray[Any]]
    metrics: Mapping[str, Mapping[str, Metric]]
    clusters: NDArray[Any] | None
    settings: Evaluation

    def measured(self, model: str) -> dict[str, float | None]:
        """Every metric of a model on these rows; None where it is undefined."""
        found = {name: metric(self.actual, self.scores[model], None) for name, metric in self.metrics[model].items()}
        return {name: None if np.isnan(value) else float(f"{value:.6g}") for name, value in found.items()}


def for_task(kind: Kind, named: Mapping[str, Metric]) -> dict[str, Metric]:
    """The task's metrics and, with more than two classes, the calibration of the class that is decided for.

    Source: Guo et al., ICML 2017, for the confidence of the decided class.
    """
    if kind != "multiclass":
        return dict(named)
    return {
        **named,
        CALIBRATION: lambda y, p, w: metrics.calibration_error(p.argmax(axis=1) == y, p.max(axis=1), w),
    }


def refuse_unknown(limits: Gates, known: Mapping[str, Metric]) -> None:
    """Stop at a limit for a metric that the task does not have, which would otherwise never be judged.

    Raises:
        ProjectError: Names every such limit.
    """
    faults = [
        f"{PATH}: gates.{section}.{name}: there is no such metric for this problem, want one of {', '.join(known)}"
        for section in ("floors", "non_inferiority", "segments", "segment_non_inferiority", "fairness")
        for name in getattr(limits, section)
        if name not in known
    ]
    if faults:
        raise ProjectError("\n".join(faults))


def floors(limits: Mapping[str, Floor], found: Predictions) -> Iterator[Gate]:
    """Whether each metric over all held-out rows is good enough; the interval says how sure that is."""
    if not limits:
        yield off("floors")
        return
    asked = {CANDIDATE: {name: found.metrics[CANDIDATE][name] for name in limits}}
    scores = {CANDIDATE: found.scores[CANDIDATE]}
    estimates, _ = intervals.estimates(asked, found.actual, scores, found.settings, clusters=found.clusters)
    for name, floor in limits.items():
        yield _floor(f"floors.{name}", name, estimates[CANDIDATE][name], floor)


def _floor(gate: str, metric: str, estimate: Estimate, floor: Floor) -> Gate:
    limit = f"at least {floor.min:g}" if floor.min is not None else f"at most {floor.max:g}"
    if estimate.value is None:
        return _undefined(gate, metric, limit)
    holds = floor.holds(estimate.value)
    return held(
        gate,
        holds,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        limit=limit,
        reason=f"{metric} is {_told(estimate)} on the held-out rows.",
        fix="" if holds else "Look at reports/evaluation.html (make report) for what the model no longer tells.",
    )


def non_inferiority(limits: Mapping[str, Margin], found: Predictions) -> Iterator[Gate]:
    """Whether the candidate is shown to be worse by less than the margin.

    The whole interval of the paired difference has to lie above minus the margin: what is not shown is not assumed.
    Source: US FDA, Non-Inferiority Clinical Trials, 2016, III.A; the resamples are those of :mod:`intervals`.
    """
    for name, (gain, champion) in _gains(found, list(limits)).items():
        yield _not_worse(f"non_inferiority.{name}", name, gain, limits[name].beside(champion or 0.0))


def _not_worse(gate: str, metric: str, gain: Estimate, margin: float) -> Gate:
    limit = f"worse by less than {margin:.4g}"
    if gain.value is None or gain.low is None or gain.high is None:
        return _undefined(gate, metric, limit)
    holds = gain.low > -margin or gain.low == gain.high == 0
    told = f"On the same rows {metric} is {difference(gain.value, gain.low, gain.high)} than the champion's"
    if holds:
        reason, fix = f"{told}.", ""
    elif gain.high < -margin:
        reason = f"{told}: it is worse by more than the margin of {margin:.4g}, beyond chance."
        fix = "Do not merge this model: look for what it lost beside the champion, in data, features or parameters."
    else:
        reason = f"{told}: the interval reaches beyond the margin of {margin:.4g}, so it is not shown to be as good."
        fix = "Improve the model, or judge it on more held-out rows: chance alone makes the interval this wide."
    return held(gate, holds, value=gain.value, low=gain.low, high=gain.high, limit=limit, reason=reason, fix=fix)


def calibration(kind: Kind, limits: Calibration | None, found: Predictions) -> Iterator[Gate]:
    """Whether probabilities mean what they say: the expected calibration error (Naeini et al., AAAI 2015).

    Args:
        kind: The kind of problem.
        limits: The limits; None for none.
        found: The candidate's predictions.
    """
    if kind == "regression":
        yield Gate("calibration", "n/a", "A regression predicts amounts, not probabilities.")
        return
    limits = limits or Calibration()
    if limits.max is None:
        yield off("calibration.max")
    else:
        asked = {CANDIDATE: {CALIBRATION: found.metrics[CANDIDATE][CALIBRATION]}}
        scores = {CANDIDATE: found.scores[CANDIDATE]}
        estimates, _ = intervals.estimates(asked, found.actual, scores, found.settings, clusters=found.clusters)
        yield _floor("calibration.max", CALIBRATION, estimates[CANDIDATE][CALIBRATION], Floor(max=limits.max))


def calibration_beside(kind: Kind, margin: float, found: Predictions) -> Iterator[Gate]:
    """Whether probabilities mean as much as the champion's: as :func:`non_inferiority`, of the calibration error."""
    if kind != "regression":
        gain, _ = _gains(found, [CALIBRATION])[CALIBRATION]
        yield _not_worse("calibration.margin", CALIBRATION, gain, margin)


def _gains(found: Predictions, names: list[str]) -> dict[str, tuple[Estimate, float | None]]:
    """How much better the candidate is, and the champion's value, by metric."""
    asked = {model: {name: found.metrics[model][name] for name in names} for model in found.scores}
    by_model, gains = intervals.estimates(
        asked, found.actual, found.scores, found.settings, against=CANDIDATE, clusters=found.clusters
    )
    return {name: (_better(name, gains[CHAMPION][name]), by_model[CHAMPION][name].value) for name in names}


def _better(name: str, difference: Estimate) -> Estimate:
    """A difference with the sign that makes better larger."""
    if name in HIGHER_IS_BETTER or difference.value is None or difference.low is None or difference.high is None:
        return difference
    return Estimate(-difference.value + 0.0, -difference.high + 0.0, -difference.low + 0.0)


def difference(gain: float, low: float, high: float) -> str:
    """How much better or worse, in words, with the interval."""
    found = formatting.Estimate(gain, low, high)
    return (
        f"better by {formatting.estimate(found)}" if gain >= 0 else f"worse by {formatting.estimate(found.times(-1))}"
    )


def _undefined(gate: str, metric: str, limit: str) -> Gate:
    return Gate(
        gate,
        "inconclusive",
        f"{metric} is not defined on the held-out rows: they hold one class, or one amount, only.",
        limit=limit,
        fix="Hold out more rows: split.test in params.yaml.",
    )


def _told(estimate: Estimate) -> str:
    return formatting.estimate(formatting.Estimate(estimate.value, estimate.low, estimate.high))
