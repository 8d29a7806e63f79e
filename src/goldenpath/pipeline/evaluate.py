"""Stage 5: judge the model on the test part, beside its baselines, by segment, and by what mistakes cost."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from sklearn.inspection import permutation_importance
from sklearn.pipeline import Pipeline

from goldenpath.evaluation import curves, intervals, metrics, segments
from goldenpath.model import estimator, store, task
from goldenpath.model.task import Task
from goldenpath.project import contract, files, params
from goldenpath.project.params import Evaluation
from goldenpath.project.paths import DECISION, ESTIMATORS, METRICS, PLOTS, SEGMENTS, split_file

IMPORTANCE_REPEATS = 3
IMPORTANCE_SCORING = {"binary": "roc_auc", "multiclass": "neg_log_loss", "regression": "neg_mean_absolute_error"}


def evaluate() -> str:
    """Write the metrics with intervals, the segments, and the tables behind the plots."""
    agreed, settings = contract.load(), params.load()
    asked = task.of(agreed, settings)
    thresholds = json.loads(DECISION.read_text())["thresholds"]
    rows = pd.read_parquet(split_file("test"))
    frame, actual = estimator.as_frame(agreed.features, rows), asked.encode(rows[asked.target])
    fitted = store.load(ESTIMATORS)
    scores = {name: estimator.scores(asked, pipeline, frame) for name, pipeline in fitted.items()}
    measured = {name: metrics.for_task(asked.kind, settings.value, thresholds.get(name)) for name in fitted}
    by_model, gains = intervals.estimates(measured, actual, scores, settings.evaluation, against="model")
    summary = {
        "task": asked.kind,
        "rows": len(rows),
        "threshold": thresholds.get("model"),
        "model": _plain(by_model["model"]),
        "baseline": {name: _plain(by_model[name]) for name in ("constant", "simple")},
        "gain": {name: _plain(found) for name, found in gains.items()},
    }
    by_segment = segments.by_segment(
        agreed,
        rows,
        measured["model"],
        actual,
        scores["model"],
        settings.evaluation.min_segment_rows,
        settings.evaluation,
        with_interval=(metrics.HEADLINE[asked.kind], "cost_per_row"),
    )
    tables = curves.for_task(asked, actual, scores["model"], settings.value, thresholds.get("model"))
    tables["importance"] = importance(asked, fitted["model"], frame, actual, settings.evaluation)
    files.write_json(METRICS, summary)
    files.write_json(SEGMENTS, by_segment)
    for name, table in tables.items():
        files.write_json(PLOTS / f"{name}.json", table)
    return _headline(asked, summary)


def importance(
    asked: Task, fitted: Pipeline, frame: pd.DataFrame, actual: np.ndarray[Any, Any], settings: Evaluation
) -> list[dict[str, Any]]:
    """How much worse the model gets when one column is shuffled (Breiman, 2001), the most important column first.

    Returns:
        ``column``, ``importance`` and its standard deviation ``spread``, in units of the task's headline metric.
    """
    found = permutation_importance(
        fitted,
        frame,
        actual,
        scoring=IMPORTANCE_SCORING[asked.kind] if _scorable(asked, fitted, actual) else None,
        n_repeats=IMPORTANCE_REPEATS,
        max_samples=min(len(frame), settings.importance_rows),
        random_state=settings.seed,
    )
    order = np.argsort(-found.importances_mean, kind="stable")
    return [
        {
            "column": str(frame.columns[index]),
            "importance": float(f"{found.importances_mean[index]:.6g}"),
            "spread": float(f"{found.importances_std[index]:.6g}"),
        }
        for index in order
    ]


def _scorable(asked: Task, fitted: Pipeline, actual: np.ndarray[Any, Any]) -> bool:
    """Whether the test part holds just the classes that the model knows, which ranking and log loss need."""
    return asked.kind == "regression" or set(np.unique(actual)) == set(fitted.classes_)


def _plain(found: dict[str, intervals.Estimate]) -> dict[str, dict[str, float | None]]:
    return {name: asdict(estimate) for name, estimate in found.items()}


def _headline(asked: Task, summary: dict[str, Any]) -> str:
    name = metrics.HEADLINE[asked.kind]
    model, simple = summary["model"][name], summary["baseline"]["simple"][name]
    return (
        f"{name} {model['value']:.4g} [{model['low']:.4g}, {model['high']:.4g}], simple baseline {simple['value']:.4g}"
    )
