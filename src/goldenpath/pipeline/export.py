"""Stage 6: export one ONNX graph, prove that it answers as scikit-learn does, and write its papers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from goldenpath.model import estimator, onnx_export, signature, store, task
from goldenpath.model.predictor import Predictor
from goldenpath.model.signature import ModelError
from goldenpath.project import contract, files, params
from goldenpath.project.params import Export
from goldenpath.project.paths import DECISION, ESTIMATORS, LINEAGE, MODEL, PARITY, SIGNATURE, split_file
from goldenpath.repository import lineage

SHAPING = {"problem", "positive_class", "data", "features", "validation", "split", "model", "value", "export"}
"""Parameters that shape the model; the others judge it, and may change without a new one."""


def export() -> str:
    """Write the graph, its signature, its lineage and the parity report.

    Raises:
        ModelError: The graph does not answer as scikit-learn does; the report says where it differs.
    """
    agreed, settings = contract.load(), params.load()
    asked = task.of(agreed, settings)
    threshold = json.loads(DECISION.read_text())["thresholds"].get("model")
    fitted = store.load(ESTIMATORS)["model"]
    model = onnx_export.to_graph(fitted, agreed.features).SerializeToString()
    # A class too rare to be in the train part is unknown to the model, so the served graph has no probability for it.
    known = list(fitted.classes_) if asked.kind == "multiclass" else []
    answered = replace(asked, classes=tuple(asked.classes[index] for index in known)) if known else asked
    described = signature.describe(answered, agreed, threshold, model)
    rows = pd.read_parquet(split_file("test"))
    frame = estimator.as_frame(agreed.features, rows)
    expected = estimator.scores(asked, fitted, frame)
    expected = expected[:, known] if known else expected
    found = parity(expected, Predictor(model, described), frame, settings.export)
    files.write_json(PARITY, found)
    refuse_disparity(found, settings.export)
    MODEL.write_bytes(model)
    files.write_json(SIGNATURE, described.to_json())
    papers = lineage.statement(
        subjects=[MODEL, SIGNATURE],
        materials=[contract.PATH, *(split_file(part) for part in ("train", "validation", "test"))],
        parameters=settings.model_dump(mode="json", include=SHAPING),
    )
    files.write_json(LINEAGE, papers)
    return f"{len(model) / 1024:,.0f} KiB, sha256 {described.model_sha256[:12]}, parity on {found['rows']:,} rows"


def parity(
    expected: np.ndarray[Any, Any], predictor: Predictor, frame: pd.DataFrame, settings: Export
) -> dict[str, Any]:
    """Compare ONNX Runtime with scikit-learn.

    Args:
        expected: scikit-learn's scores; see :func:`estimator.scores`.
        predictor: The exported model.
        frame: The rows, as scikit-learn takes them.
        settings: The tolerance.

    Returns:
        ``rows``, ``max_difference``, ``share_within_tolerance`` and ``flipped_decisions``.
    """
    scores = predictor.scores({str(name): column.to_list() for name, column in frame.items()})
    # A prediction near zero is the sum of leaves as large as the predictions' spread, with their rounding errors.
    spread = float(expected.std()) if predictor.signature.task == "regression" else 0.0
    difference = np.abs(scores - expected) / np.maximum(max(1.0, spread), np.abs(expected))
    worst = difference.reshape(len(frame), -1).max(axis=1)
    flips = 0
    if predictor.signature.task != "regression":
        flips = int((predictor.decisions(scores) != predictor.decisions(expected)).sum())
    return {
        "rows": len(frame),
        "tolerance": settings.tolerance,
        "max_difference": float(f"{worst.max():.3g}"),
        "share_within_tolerance": float((worst <= settings.tolerance).mean()),
        "flipped_decisions": flips,
    }


def refuse_disparity(found: dict[str, Any], settings: Export) -> None:
    """Stop when a decision flips or too few rows lie within the tolerance.

    Raises:
        ModelError: Says how far the two are apart.
    """
    if found["flipped_decisions"] or found["share_within_tolerance"] < settings.share:
        raise ModelError(
            f"The ONNX graph does not answer as scikit-learn does on {found['rows']:,} test rows: "
            f"{found['flipped_decisions']:,} decisions flip (0 allowed); {found['share_within_tolerance']:.4%} of the "
            f"rows are within {settings.tolerance:g} (export.share wants {settings.share:.4%}); the largest difference "
            f"is {found['max_difference']:g}. The whole report is in {PARITY}."
        )
