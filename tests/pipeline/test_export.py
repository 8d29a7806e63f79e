from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import onnx
import pandas as pd
import pytest

from goldenpath.model import onnx_export
from goldenpath.model.predictor import Predictor
from goldenpath.model.signature import ModelError
from goldenpath.pipeline.evaluate import evaluate
from goldenpath.pipeline.export import export, parity
from goldenpath.pipeline.train import train
from goldenpath.project.params import Export
from goldenpath.project.paths import METRICS, MODEL, PARITY
from goldenpath.repository import lineage


def broken(graph: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with every leaf of its trees doubled; a shift would cancel out among several classes."""
    for node in graph.graph.node:
        for attribute in node.attribute:
            if attribute.name in ("class_weights", "target_weights"):
                doubled = [2 * value for value in attribute.floats]
                del attribute.floats[:]
                attribute.floats.extend(doubled)
    return graph


def test_every_test_row_was_compared_and_no_decision_flipped(inside: Path) -> None:
    found = json.loads(PARITY.read_text())

    assert found["rows"] == json.loads(METRICS.read_text())["rows"]
    assert found["flipped_decisions"] == 0
    assert found["share_within_tolerance"] == 1.0


def test_a_graph_that_answers_otherwise_stops_the_stage(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    convert = onnx_export.to_graph
    monkeypatch.setattr(onnx_export, "to_graph", lambda *arguments: broken(convert(*arguments)))
    MODEL.unlink()

    with pytest.raises(ModelError, match="does not answer as scikit-learn does"):
        export()

    assert not MODEL.exists(), "a broken graph is never written"
    assert json.loads(PARITY.read_text())["max_difference"] > 0


@pytest.mark.parametrize(("amount", "within"), [(500.0, 1.0), (0.5, 0.5)])
def test_a_prediction_near_zero_may_be_off_by_the_rounding_of_large_ones(amount: float, within: float) -> None:
    expected = np.array([0.0, amount])
    predictor = SimpleNamespace(
        signature=SimpleNamespace(task="regression"), scores=lambda _: expected + np.array([2e-4, 0.0])
    )
    settings = Export(tolerance=1e-4, share=1.0)

    found = parity(expected, cast("Predictor", predictor), pd.DataFrame({"x": [1.0, 2.0]}), settings)

    assert found["share_within_tolerance"] == within


def test_training_again_gives_the_same_bytes_and_the_same_metrics(project: Path) -> None:
    def results() -> tuple[str, Any]:
        return lineage.sha256(MODEL), METRICS.read_text()

    before = results()
    for stage in (train, evaluate, export):
        stage()

    assert results() == before
