"""Bootstrap intervals of metrics and of the difference between two models."""

from __future__ import annotations

import warnings
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
    metrics: Mapping[str, Metric],
    actual: NDArray[Any],
    scores: Mapping[str, NDArray[Any]],
    settings: Evaluation,
    against: str | None = None,
) -> tuple[dict[str, dict[str, Estimate]], dict[str, dict[str, Estimate]]]:
    """Metrics of several models on the same rows, with paired resamples.

    Every model is judged on the same resamples, so the differences are paired: what is hard about a resample is hard
    for all. Rows are resampled by weight: each resample weighs row i by how often it was drawn (Efron, 1979).

    Args:
        metrics: Metrics by name.
        actual: Targets, shape (rows,).
        scores: Scores by model, the rows first.
        settings: Number of resamples, confidence and seed.
        against: The model from which the differences are taken; None for no differences.

    Returns:
        The metrics by model and name, and for each other model the differences ``against - other``.
    """
    point = {
        model: {name: _defined(metric, actual, score, None) for name, metric in metrics.items()}
        for model, score in scores.items()
    }
    draws: dict[str, dict[str, list[float]]] = {model: {name: [] for name in metrics} for model in scores}
    for weight in _resamples(len(actual), settings):
        for model, score in scores.items():
            for name, metric in metrics.items():
                draws[model][name].append(_defined(metric, actual, score, weight))
    by_model = {
        model: {name: _estimate(point[model][name], draws[model][name], settings.confidence) for name in metrics}
        for model in scores
    }
    if against is None:
        return by_model, {}
    differences = {
        model: {
            name: _estimate(
                point[against][name] - point[model][name],
                np.subtract(draws[against][name], draws[model][name]),
                settings.confidence,
            )
            for name in metrics
        }
        for model in scores
        if model != against
    }
    return by_model, differences


def _resamples(rows: int, settings: Evaluation) -> Iterator[NDArray[np.float64]]:
    generator = np.random.default_rng(settings.seed)
    for _ in range(settings.bootstrap):
        yield np.bincount(generator.integers(0, rows, rows), minlength=rows).astype(np.float64)


def _defined(metric: Metric, actual: NDArray[Any], score: NDArray[Any], weight: NDArray[np.float64] | None) -> float:
    """The metric, NaN where it has no meaning: a ranking, for example, when a resample holds one class only."""
    kept = slice(None) if weight is None else weight > 0
    weight = None if weight is None else weight[kept]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # scikit-learn: "only one class"; the answer is NaN
        return metric(actual[kept], score[kept], weight)


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
