from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from goldenpath.evaluation.intervals import estimates
from goldenpath.evaluation.metrics import for_task
from goldenpath.project.params import Evaluation, Value

SETTINGS = Evaluation(bootstrap=200, confidence=0.9, min_segment_rows=1, importance_rows=1, seed=0)


def mean(actual: Any, _: Any, weight: Any) -> float:
    return float(np.average(actual, weights=weight))


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(100):
        sample = generator.normal(size=80)
        found, _ = estimates({"model": {"mean": mean}}, sample, {"model": sample}, SETTINGS)
        interval = found["model"]["mean"]
        covered += interval.low <= 0 <= interval.high

    assert 80 <= covered <= 98


def test_paired_differences_are_tighter_than_the_models_intervals_apart() -> None:
    generator = np.random.default_rng(0)
    actual = generator.normal(size=400)
    noise = generator.normal(size=400)
    scores = {"model": actual + noise, "rival": actual + 1.05 * noise}
    metrics = for_task("regression", Value(currency="EUR"), None)

    found, gains = estimates(dict.fromkeys(scores, metrics), actual, scores, SETTINGS, against="model")

    gain = gains["rival"]["mae"]
    assert gain.high < 0, "five percent less error is told apart"
    assert found["model"]["mae"].high > found["rival"]["mae"].low, "though the intervals overlap"


def test_the_same_seed_gives_the_same_interval() -> None:
    sample = np.random.default_rng(1).normal(size=50)

    first, second = (estimates({"model": {"mean": mean}}, sample, {"model": sample}, SETTINGS) for _ in range(2))

    assert first == second


def test_a_metric_without_meaning_is_none() -> None:
    metrics = for_task("binary", Value(currency="EUR"), 0.5)

    found, _ = estimates({"model": metrics}, np.zeros(20, dtype=int), {"model": np.linspace(0, 1, 20)}, SETTINGS)

    assert found["model"]["roc_auc"].value is None
    assert found["model"]["brier"].value == pytest.approx(np.mean(np.linspace(0, 1, 20) ** 2), rel=1e-5)


def test_rows_of_one_cluster_are_no_evidence_of_their_own() -> None:
    sample = np.repeat(np.random.default_rng(1).normal(size=40), 25)
    clusters = np.repeat(np.arange(40), 25)
    asked = {"model": {"mean": mean}}

    rows, _ = estimates(asked, sample, {"model": sample}, SETTINGS)
    whole, _ = estimates(asked, sample, {"model": sample}, SETTINGS, clusters=clusters)

    widths = [found["model"]["mean"].high - found["model"]["mean"].low for found in (rows, whole)]
    assert widths[1] / widths[0] == pytest.approx(5, rel=0.3), "25 copies of a row tell no more than one"
