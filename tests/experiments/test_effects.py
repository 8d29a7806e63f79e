from __future__ import annotations

import numpy as np
import pytest

from goldenpath.evaluation import metrics as offline
from goldenpath.experiments import effects
from goldenpath.experiments.effects import Predictions
from goldenpath.project.errors import ProjectError
from goldenpath.project.params import Value

VALUE = Value(currency="EUR", missed=60.0, false_alarm=12.0)
THRESHOLD = 0.3


def drawn(generator: np.random.Generator, units: int = 400, rows: int = 1200, *, paired: bool = False) -> Predictions:
    """Predictions for units that differ; half of the units see the challenger, or all see both."""
    often = generator.beta(2, 4, units)
    unit = generator.integers(0, units, rows)
    actual = (generator.random(rows) < often[unit]).astype(np.float64)
    score = np.clip(often[unit] + 0.2 * actual + generator.normal(0, 0.15, rows), 0.01, 0.99)
    challenger = unit % 2 == 1
    if paired:
        other = np.clip(score + generator.normal(0, 0.05, rows), 0.01, 0.99)
        unit, actual, score = np.tile(unit, 2), np.tile(actual, 2), np.concatenate([score, other])
        challenger = np.arange(2 * rows) >= rows
    return Predictions(unit, challenger, actual, score, (score >= THRESHOLD).astype(np.float64))


@pytest.mark.parametrize("name", effects.metrics("binary", VALUE))
def test_a_metric_is_the_one_that_models_are_judged_by(name: str) -> None:
    if name == "accuracy":
        pytest.skip("offline, only several classes are judged by it")
    rows = drawn(np.random.default_rng(1))

    found = effects.between(effects.metrics("binary", VALUE)[name], rows)

    own = offline.for_task("binary", VALUE, THRESHOLD)[name]
    expected = [
        own(part.actual.astype(int), part.score, None)
        for part in (rows.among(~rows.challenger), rows.among(rows.challenger))
    ]
    assert (found.champion, found.challenger) == pytest.approx(tuple(expected))


@pytest.mark.parametrize("paired", [False, True], ids=["apart", "paired"])
@pytest.mark.parametrize("name", ["cost_per_row", "precision", "roc_auc"])
def test_the_standard_error_is_how_far_differences_stray(name: str, paired: bool) -> None:
    generator = np.random.default_rng(2)
    metric = effects.metrics("binary", VALUE)[name]

    found = [effects.between(metric, drawn(generator, paired=paired)) for _ in range(250)]

    strays = np.std([item.difference for item in found])
    assert np.mean([item.error for item in found]) == pytest.approx(strays, rel=0.15)


def test_a_metric_that_strays_nobody_knows_how_is_refused_by_name() -> None:
    with pytest.raises(ProjectError, match=r"average_precision cannot decide.*roc_auc, log_loss, brier"):
        effects.named("average_precision", "binary", VALUE, "experiments/x.yaml")


def test_a_single_unit_tells_no_error() -> None:
    rows = drawn(np.random.default_rng(3), units=2)

    assert effects.between(effects.metrics("binary", VALUE)["cost_per_row"], rows).error == np.inf
