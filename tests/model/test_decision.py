from __future__ import annotations

import numpy as np
import pytest

from goldenpath.model.decision import best_threshold, mistakes_cost
from goldenpath.project.params import Value


def calibrated(rows: int = 50_000) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    score = generator.uniform(size=rows)
    return (generator.uniform(size=rows) < score).astype(np.int64), score


@pytest.mark.parametrize(("missed", "false_alarm"), [(1, 1), (4, 1), (1, 9)])
def test_the_threshold_of_calibrated_scores_is_the_ratio_of_costs(missed: float, false_alarm: float) -> None:
    """Elkan, 2001: alarm where ``p * missed > (1 - p) * false_alarm``."""
    actual, score = calibrated()

    found = best_threshold(actual, score, Value(currency="EUR", missed=missed, false_alarm=false_alarm))

    assert found == pytest.approx(false_alarm / (missed + false_alarm), abs=0.03)


def test_cost_counts_each_kind_of_mistake_at_its_price() -> None:
    value = Value(currency="EUR", missed=10, false_alarm=3)

    cost = mistakes_cost(np.array([1, 1, 0, 0]), np.array([True, False, True, False]), value)

    assert cost == (10 + 3) / 4
