from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from goldenpath.evaluation import metrics
from goldenpath.project.params import Value

VALUE = Value(currency="EUR", missed=5, false_alarm=2, wrong_class=3, per_unit_error=4)
GENERATOR = np.random.default_rng(0)
WEIGHT = GENERATOR.integers(0, 4, 300).astype(float)
BINARY = GENERATOR.integers(0, 2, 300)
SCORE = np.clip(BINARY * 0.2 + GENERATOR.uniform(size=300) * 0.8, 0, 1)
TIED = SCORE.round(1)
CLASSES = GENERATOR.integers(0, 3, 300)
PROBABILITIES = GENERATOR.dirichlet([1, 1, 1], 300)
AMOUNT = GENERATOR.normal(size=300)
GUESS = AMOUNT + GENERATOR.normal(size=300)


def spearman(actual: Any, score: Any, weight: Any) -> float:
    """SciPy's, which knows no weights: a row of weight two stands there twice."""
    times = np.ones(len(actual), int) if weight is None else weight.astype(int)
    return float(stats.spearmanr(np.repeat(actual, times), np.repeat(score, times)).statistic)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    ("kind", "name", "actual", "score", "expected"),
    [
        ("binary", "roc_auc", BINARY, SCORE, lambda w: sk.roc_auc_score(BINARY, SCORE, sample_weight=w)),
        ("binary", "roc_auc", BINARY, TIED, lambda w: sk.roc_auc_score(BINARY, TIED, sample_weight=w)),
        (
            "binary",
            "average_precision",
            BINARY,
            SCORE,
            lambda w: sk.average_precision_score(BINARY, SCORE, sample_weight=w),
        ),
        (
            "binary",
            "average_precision",
            BINARY,
            TIED,
            lambda w: sk.average_precision_score(BINARY, TIED, sample_weight=w),
        ),
        ("binary", "precision", BINARY, SCORE, lambda w: sk.precision_score(BINARY, SCORE >= 0.4, sample_weight=w)),
        ("binary", "recall", BINARY, SCORE, lambda w: sk.recall_score(BINARY, SCORE >= 0.4, sample_weight=w)),
        ("binary", "log_loss", BINARY, SCORE, lambda w: sk.log_loss(BINARY, SCORE.clip(1e-7, 1), sample_weight=w)),
        ("binary", "brier", BINARY, SCORE, lambda w: sk.brier_score_loss(BINARY, SCORE, sample_weight=w)),
        (
            "multiclass",
            "balanced_accuracy",
            CLASSES,
            PROBABILITIES,
            lambda w: sk.balanced_accuracy_score(CLASSES, PROBABILITIES.argmax(axis=1), sample_weight=w),
        ),
        (
            "multiclass",
            "log_loss",
            CLASSES,
            PROBABILITIES,
            lambda w: sk.log_loss(CLASSES, PROBABILITIES, sample_weight=w),
        ),
        ("regression", "rank_correlation", AMOUNT, GUESS, lambda w: spearman(AMOUNT, GUESS, w)),
        ("regression", "rank_correlation", AMOUNT, GUESS.round(), lambda w: spearman(AMOUNT, GUESS.round(), w)),
        ("regression", "r2", AMOUNT, GUESS, lambda w: sk.r2_score(AMOUNT, GUESS, sample_weight=w)),
        ("regression", "rmse", AMOUNT, GUESS, lambda w: sk.root_mean_squared_error(AMOUNT, GUESS, sample_weight=w)),
        ("regression", "mae", AMOUNT, GUESS, lambda w: sk.mean_absolute_error(AMOUNT, GUESS, sample_weight=w)),
    ],
)
def test_our_metrics_are_scikit_learns(
    kind: Any, name: str, actual: Any, score: Any, expected: Any, weight: Any
) -> None:
    found = metrics.for_task(kind, VALUE, 0.4)[name](actual, score, weight)

    assert found == pytest.approx(expected(weight), rel=1e-6)


def test_calibration_error_is_zero_when_frequencies_are_as_predicted() -> None:
    actual = np.array([0, 0, 0, 1] * 25)

    assert metrics.calibration_error(actual, np.full(100, 0.25)) == pytest.approx(0)
    assert metrics.calibration_error(actual, np.full(100, 0.75)) == pytest.approx(0.5)


def test_precision_without_any_alarm_is_zero() -> None:
    assert metrics.for_task("binary", VALUE, 0.9)["precision"](BINARY, np.zeros(300), None) == 0


@pytest.mark.parametrize(
    ("kind", "actual", "score", "cost"),
    [
        ("binary", np.array([1, 1, 0, 0]), np.array([0.9, 0.1, 0.9, 0.1]), (5 + 2) / 4),
        ("multiclass", np.array([0, 1]), np.array([[0.9, 0.1], [0.9, 0.1]]), 3 / 2),
        ("regression", np.array([0.0, 1.0]), np.array([0.5, 1.0]), 4 * 0.25),
    ],
)
def test_every_task_has_its_cost(kind: Any, actual: Any, score: Any, cost: float) -> None:
    assert metrics.for_task(kind, VALUE, 0.5)["cost_per_row"](actual, score, None) == pytest.approx(cost)


@pytest.mark.parametrize(
    ("kind", "name", "actual"),
    [
        ("binary", "roc_auc", np.ones(9, int)),
        ("binary", "average_precision", np.zeros(9, int)),
        ("regression", "r2", np.ones(9)),
        ("regression", "rank_correlation", np.ones(9)),
    ],
)
def test_a_metric_without_meaning_is_nan(kind: Any, name: str, actual: Any) -> None:
    assert np.isnan(metrics.for_task(kind, VALUE, 0.5)[name](actual, np.linspace(0, 1, 9), None))


def test_one_prediction_for_all_rows_orders_nothing() -> None:
    found = metrics.for_task("regression", VALUE, None)["rank_correlation"]

    assert found(AMOUNT, np.ones(300), None) == 0
