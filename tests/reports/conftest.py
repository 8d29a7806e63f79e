"""What a pipeline leaves behind, made small and by hand, for each task."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from goldenpath.evaluation.metrics import HEADLINE
from goldenpath.project import contract, paths

CLASSES = {"binary": ["stays", "leaves"], "multiclass": ["red", "green", "blue"], "regression": []}
METRICS = {
    "binary": ("roc_auc", "average_precision", "log_loss", "calibration_error", "precision", "recall", "cost_per_row"),
    "multiclass": ("log_loss", "accuracy", "balanced_accuracy", "cost_per_row"),
    "regression": ("mae", "rmse", "r2", "rank_correlation", "cost_per_row"),
}


@dataclass
class Results:
    """A project's folder with the results in it; change what ``json`` holds and ``write`` it again."""

    root: Path
    json: dict[Path, Any] = field(default_factory=dict)

    def write(self) -> Path:
        for path, content in self.json.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(json.dumps(content), encoding="utf-8")
        return self.root


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Results]:
    """Writes the results of a pipeline: ``results("binary")``, with names and gain as the test asks."""

    def make(
        task: str = "binary",
        *,
        name: str = "Customers",
        group: str = "north",
        description: str = "What it is.",
        gain: tuple[float | None, float | None, float | None] = (0.05, 0.04, 0.06),
    ) -> Results:
        root = tmp_path_factory.mktemp(task)
        agreed = _contract(task, name, description)
        (root / contract.PATH).write_text(yaml.safe_dump(agreed, allow_unicode=True), encoding="utf-8")
        (root / "params.yaml").write_text(yaml.safe_dump(_params(task)), encoding="utf-8")
        made = Results(root, _json(task, group, contract.load(root / contract.PATH).sha256, gain))
        made.write()
        return made

    return make


def _contract(task: str, name: str, description: str) -> dict[str, Any]:
    def column(called: str, kind: str, roles: list[str], **more: Any) -> dict[str, Any]:
        properties = [{"property": "roles", "value": roles}]
        return {"name": called, "logicalType": kind, "description": description, "customProperties": properties, **more}

    classes = {"enum": [{"value": value} for value in CLASSES[task]]} if CLASSES[task] else {}
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "customers",
        "name": name,
        "version": "1.0.0",
        "status": "active",
        "description": {"purpose": "One row per customer.", "limitations": description},
        "schema": [
            {
                "name": "customers",
                "properties": [
                    column("region", "string", ["feature", "segment"]),
                    column("age", "integer", ["feature", "protected"], classification="restricted"),
                    column("outcome", "string" if classes else "number", ["target"], **classes),
                ],
            }
        ],
    }


def _params(task: str) -> dict[str, Any]:
    return {
        "problem": "regression" if task == "regression" else "classification",
        "positive_class": "leaves",
        "data": {},
        "validation": {"tolerated_share": 0.1},
        "split": {"by": "random", "validation": 0.2, "test": 0.2, "seed": 0},
        "model": {
            "learning_rate": 0.1,
            "max_iter": 10,
            "max_leaf_nodes": 5,
            "min_samples_leaf": 5,
            "l2_regularization": 0.0,
            "seed": 0,
        },
        "value": {"currency": "EUR", "missed": 30.0, "false_alarm": 10.0},
        "evaluation": {
            "bootstrap": 50,
            "confidence": 0.9,
            "min_segment_rows": 20,
            "importance_rows": 100,
            "seed": 0,
        },
        "export": {"tolerance": 0.0001, "share": 1.0},
    }


def _json(task: str, group: str, contract_sha256: str, gain: tuple[Any, Any, Any]) -> dict[Path, Any]:
    def record(value: float | None, low: float | None, high: float | None) -> dict[str, float | None]:
        return {"value": value, "low": low, "high": high}

    headline = HEADLINE[task]
    one = {metric: record(0.6, 0.5, 0.7) for metric in METRICS[task]}
    simple_gain = {metric: record(-0.1, -0.2, -0.05) for metric in METRICS[task]} | {headline: record(*gain)}
    values = dict.fromkeys(METRICS[task], 0.6)
    ends = {metric: {"low": 0.5, "high": 0.7} for metric in (headline, "cost_per_row")}
    judged = {"rows": 60, "metrics": values, "intervals": ends, "observed": 0.3, "predicted": 0.3}
    plots: dict[str, Any] = {"importance": [{"column": group, "importance": 0.2, "spread": 0.01}]}
    if CLASSES[task]:
        cells = [(actual, predicted) for actual in CLASSES[task] for predicted in CLASSES[task]]
        plots["confusion"] = [{"actual": a, "predicted": p, "rows": 40 if a == p else 10} for a, p in cells]
    if task == "binary":
        plots |= {
            "roc": [{"false_positive_rate": x, "true_positive_rate": x**0.5} for x in (0.0, 0.5, 1.0)],
            "precision_recall": [{"recall": x, "precision": 1 - x / 2} for x in (0.0, 0.5, 1.0)],
            "calibration": [{"predicted": x, "observed": x} for x in (0.1, 0.5, 0.9)],
            "cost": [{"threshold": x, "cost_per_row": (x - 0.4) ** 2} for x in (0.1, 0.4, 0.9)],
            "scores": [{"score": x, "rows_0": 9 - 9 * x, "rows_1": 9 * x} for x in (0.1, 0.5, 0.9)],
        }
    if task == "regression":
        plots |= {
            "predicted_actual": [{"predicted": x, "actual": x + 1} for x in (1.0, 2.0, 3.0)],
            "residuals": [{"residual": x, "rows": 5} for x in (-1.0, 0.0, 1.0)],
        }
    target = {"target_shares": {name: 1 / len(CLASSES[task]) for name in CLASSES[task]}} if CLASSES[task] else {}
    threshold = 0.4 if task == "binary" else None
    return {
        paths.METRICS: {
            "task": task,
            "rows": 100,
            "threshold": threshold,
            "model": one,
            "baseline": {"constant": one, "simple": one},
            "gain": {"constant": simple_gain, "simple": simple_gain},
        },
        paths.SEGMENTS: [
            {"column": "region", "role": "segment", "group": group, **judged},
            {"column": "region", "role": "segment", "group": "tiny", "rows": 3, "metrics": None},
            {"column": "age", "role": "protected", "group": "(20.0, 30.0]", **judged},
        ],
        paths.VALIDATION_REPORT: {
            "rows": 520,
            "valid": 500,
            "quarantined": 20,
            "quarantined_share": 0.038462,
            "tolerated_share": 0.1,
            "rules": [{"column": "age", "rule": "type", "text": "must be a number", "rows": 20, "samples": [group]}],
            "unknown_columns": [],
        },
        paths.SPLIT_REPORT: {
            part: {"rows": rows, **(target or {"target_mean": 2.0})}
            for part, rows in (("train", 300), ("validation", 100), ("test", 100))
        },
        paths.PARITY: {
            "rows": 100,
            "tolerance": 0.0001,
            "max_difference": 2e-7,
            "share_within_tolerance": 1.0,
            "flipped_decisions": 0,
        },
        paths.SIGNATURE: {
            "task": task,
            "target": "outcome",
            "classes": CLASSES[task],
            "threshold": threshold,
            "inputs": [{"name": "region", "type": "string", "is_category": True}],
            "model_sha256": "ab" * 32,
            "contract_sha256": contract_sha256,
        },
        paths.LINEAGE: {
            "subject": [{"name": "models/model.onnx", "digest": {"sha256": "ab" * 32}}],
            "predicate": {
                "buildDefinition": {
                    "resolvedDependencies": [
                        {"name": "git", "digest": {"gitCommit": "c0ffee" * 6}, "annotations": {"dirty": False}},
                        {"name": "data/raw.parquet", "digest": {"sha256": "cd" * 32}},
                        {"uri": "pkg:pypi/numpy@2.4.0"},
                    ]
                },
                "runDetails": {
                    "builder": {"id": "ada@analytical-engine"},
                    "metadata": {"finishedOn": "2026-03-05T14:30:00+00:00"},
                    "byproducts": [
                        {
                            "name": "stage-costs",
                            "annotations": {"train": {"started": "1", "seconds": 12.5, "peak_memory_mib": 321}},
                        }
                    ],
                },
            },
        },
        **{paths.PLOTS / f"{name}.json": table for name, table in plots.items()},
    }
