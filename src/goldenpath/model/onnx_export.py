"""The fitted pipeline as one ONNX graph, byte for byte the same for the same pipeline."""

from __future__ import annotations

import onnx
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.pipeline import Pipeline

from goldenpath.model.features import categories_of, numbers_of
from goldenpath.model.onnx_names import CATEGORIES, NUMBERS
from goldenpath.project.contract import Column

OPSET = 18
"""Newest operator set that ONNX Runtime's browser and mobile builds run alike."""


def to_graph(fitted: Pipeline, columns: tuple[Column, ...]) -> onnx.ModelProto:
    """Convert a fitted pipeline.

    Args:
        fitted: See :func:`estimator.model`.
        columns: The features, in the order of the contract.

    Returns:
        A graph that takes ``numbers`` (float32) and ``categories`` (string), each of shape (rows, columns) and
        left out when there is no such column, and whose last output is the probabilities or the prediction.
    """
    inputs: list[tuple[str, FloatTensorType | StringTensorType]] = []
    if numbers := numbers_of(columns):
        inputs.append((NUMBERS, FloatTensorType([None, len(numbers)])))
    if categories := categories_of(columns):
        inputs.append((CATEGORIES, StringTensorType([None, len(categories)])))
    is_classifier = hasattr(fitted, "predict_proba")
    options = {id(fitted): {"zipmap": False}} if is_classifier else None
    graph: onnx.ModelProto = to_onnx(fitted, initial_types=inputs, options=options, target_opset=OPSET)
    # skl2onnx lists the operator sets in the order of a Python set, which changes from run to run.
    opsets = sorted(graph.opset_import, key=lambda opset: opset.domain)
    del graph.opset_import[:]
    graph.opset_import.extend(opsets)
    return graph
