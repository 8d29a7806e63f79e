from __future__ import annotations

import numpy as np

from goldenpath.evaluation import curves
from goldenpath.model.task import Task
from goldenpath.project.params import Value

VALUE = Value(currency="EUR", missed=5, false_alarm=1)


def test_binary_curves_run_from_corner_to_corner() -> None:
    generator = np.random.default_rng(0)
    score = generator.uniform(size=5000)
    actual = (generator.uniform(size=5000) < score).astype(int)

    tables = curves.for_task(Task("binary", "y", (False, True)), actual, score, VALUE, 0.3)

    assert tables["roc"][0] == {"false_positive_rate": 0.0, "true_positive_rate": 0.0}
    assert tables["roc"][-1] == {"false_positive_rate": 1.0, "true_positive_rate": 1.0}
    assert len(tables["roc"]) <= curves.MOST_POINTS
    assert max(abs(point["predicted"] - point["observed"]) for point in tables["calibration"]) < 0.06
    assert sum(cell["rows"] for cell in tables["confusion"]) == 5000
    cheapest = min(tables["cost"], key=lambda point: point["cost_per_row"])
    assert abs(cheapest["threshold"] - 1 / 6) < 0.06


def test_one_class_alone_has_no_ranking() -> None:
    tables = curves.for_task(Task("binary", "y", (0, 1)), np.zeros(50, int), np.linspace(0, 1, 50), VALUE, 0.5)

    assert "roc" not in tables
    assert "confusion" in tables


def test_multiclass_confusion_counts_every_pair() -> None:
    probabilities = np.eye(3)[[0, 1, 1]]

    table = curves.for_task(Task("multiclass", "y", ("a", "b", "c")), np.array([0, 1, 2]), probabilities, VALUE, None)

    assert len(table["confusion"]) == 9
    assert {"actual": "c", "predicted": "b", "rows": 1} in table["confusion"]


def test_regression_shows_predicted_against_actual() -> None:
    actual = np.linspace(0, 10, 500)

    tables = curves.for_task(Task("regression", "y", ()), actual, actual + 1, VALUE, None)

    assert all(abs(point["predicted"] - point["actual"] - 1) < 1e-3 for point in tables["predicted_actual"])
    assert sum(bar["rows"] for bar in tables["residuals"]) > 0
