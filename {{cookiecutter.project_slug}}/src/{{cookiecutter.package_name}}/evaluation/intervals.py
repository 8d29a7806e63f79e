"""Bootstrap intervals of metrics and of the difference between two models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..params import Evaluation
from .metrics import Metric


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

    Returns:
        The metrics by model and name, and for each other model the differences ``against - other``.
    """
    point = {model: _all(metrics[model], actual, score, None) for model, score in scores.items()}
    draws: dict[str, dict[str, list[float]]] = {model: {name: [] for name in point[model]} for model in scores}
    for weight in _resamples(len(actual), settings):
        for model, score in scores.items():
            for name, value in _all(metrics[model], actual, score, weight).items():
                draws[model][name].append(value)
    by_model = {
        model: {name: _estimate(value, draws[model][name], settings.confidence) for name, value in point[model].items()}
        for model in scores
    }
    if against is None:
        return by_model, {}
    gains = {
        model: {
            name: _estimate(
                value - point[model][name], np.subtract(draws[against][name], draws[model][name]), settings.confidence
            )
            for name, value in point[against].items()
        }
        for model in scores
        if model != against
    }
    return by_model, gains


def _resamples(rows: int, settings: Evaluation) -> Iterator[NDArray[np.float64]]:
    generator = np.random.default_rng(settings.seed)
    for _ in range(settings.bootstrap):
        yield np.bincount(generator.integers(0, rows, rows), minlength=rows).astype(np.float64)


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
