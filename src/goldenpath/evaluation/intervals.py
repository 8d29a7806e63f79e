"""Bootstrap intervals of metrics and of the difference between two models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goldenpath.evaluation.metrics import Metric
from goldenpath.project.params import Evaluation


@dataclass(frozen=True)
class Estimate:
    """A metric on the rows at hand and the percentile interval of its bootstrap; None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None


def estimates(
    metrics: Mapping[str, Mapping[str, Metric]],
    actual: NDArray[Any],
    scores: Mapping[str, NDArray[Any]],
    settings: Evaluation,
    against: str | None = None,
    clusters: NDArray[Any] | None = None,
) -> tuple[dict[str, dict[str, Estimate]], dict[str, dict[str, Estimate]]]:
    """Metrics of several models on the same rows, with paired resamples.

    Every model is judged on the same resamples, so the differences are paired: what is hard about a resample is hard
    for all. Rows are resampled by weight: each resample weighs row i by how often it was drawn (Efron, 1979).

    Args:
        metrics: Metrics by model and name, the same names for each model: each decides by its own threshold.
        actual: Targets, shape (rows,).
        scores: Scores by model, the rows first.
        settings: Number of resamples, confidence and seed.
        against: The model from which the differences are taken; None for no differences.
        clusters: See :func:`draws`.

    Returns:
        The metrics by model and name, and for each other model the differences ``against - other``.
    """
    point = {model: _all(metrics[model], actual, score, None) for model, score in scores.items()}
    drawn = draws(metrics, actual, scores, settings, clusters)
    by_model = {
        model: {name: _estimate(value, drawn[model][name], settings.confidence) for name, value in point[model].items()}
        for model in scores
    }
    if against is None:
        return by_model, {}
    gains = {
        model: {
            name: _estimate(value - point[model][name], drawn[against][name] - drawn[model][name], settings.confidence)
            for name, value in point[against].items()
        }
        for model in scores
        if model != against
    }
    return by_model, gains


def draws(
    metrics: Mapping[str, Mapping[str, Metric]],
    actual: NDArray[Any],
    scores: Mapping[str, NDArray[Any]],
    settings: Evaluation,
    clusters: NDArray[Any] | None = None,
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """The metrics of several models on each of the same resamples.

    Args:
        metrics: Metrics by model and name.
        actual: Targets, shape (rows,).
        scores: Scores by model, the rows first.
        settings: Number of resamples and seed.
        clusters: What each row belongs to, shape (rows,), where rows that belong together are no independent evidence:
            whole clusters are then drawn (Davison and Hinkley, 1997, section 3.8). None to draw rows.

    Returns:
        By model and name, shape (resamples,); NaN where a resample leaves a metric undefined.
    """
    found: dict[str, dict[str, list[float]]] = {model: {name: [] for name in metrics[model]} for model in scores}
    for weight in _resamples(len(actual), settings, clusters):
        for model, score in scores.items():
            for name, value in _all(metrics[model], actual, score, weight).items():
                found[model][name].append(value)
    return {model: {name: np.array(values) for name, values in by_name.items()} for model, by_name in found.items()}


def _resamples(rows: int, settings: Evaluation, clusters: NDArray[Any] | None) -> Iterator[NDArray[np.float64]]:
    member = None if clusters is None else np.unique(clusters, return_inverse=True)[1]
    units = rows if member is None else int(member.max()) + 1
    generator = np.random.default_rng(settings.seed)
    for _ in range(settings.bootstrap):
        weight = np.bincount(generator.integers(0, units, units), minlength=units).astype(np.float64)
        yield weight if member is None else weight[member]


def _all(
    metrics: Mapping[str, Metric], actual: NDArray[Any], score: NDArray[Any], weight: NDArray[np.float64] | None
) -> dict[str, float]:
    """Every metric, NaN where it has no meaning: a ranking, for example, when a resample holds one class only."""
    if weight is not None:
        drawn = weight > 0
        actual, score, weight = actual[drawn], score[drawn], weight[drawn]
    return {name: metric(actual, score, weight) for name, metric in metrics.items()}


def _estimate(value: float, draws: Any, confidence: float) -> Estimate:
    draws = np.asarray(draws)
    defined = draws[~np.isnan(draws)]
    if np.isnan(value) or len(defined) == 0:
        return Estimate(None, None, None)
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(_rounded(value), _rounded(low), _rounded(high))


def _rounded(value: float) -> float:
    # Six significant digits are more than any test split supports, and keep the committed metrics readable.
    return float(f"{value:.6g}")
