"""The two models: what they answer, and what the metrics make of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper

from goldenpath.evaluation.metrics import for_task
from goldenpath.gates.model import candidate, quality, revision
from goldenpath.gates.model.lock import md5
from goldenpath.gates.verdict import InconclusiveError
from goldenpath.model import signature
from goldenpath.model.onnx_names import NUMBERS
from goldenpath.model.predictor import Predictor
from goldenpath.model.task import Task
from goldenpath.project.params import Value
from goldenpath.project.paths import MODEL, SIGNATURE, SPLIT, split_file
from tests.gates.model.sales_project import SalesProject

ASKED = Task("multiclass", "size", ("S", "M", "L"))


@pytest.fixture
def knows_two(sales: SalesProject) -> Predictor:
    """A model that never met the class M, and knows the others in another order: L with probability sigmoid(x)."""
    held = [numpy_helper.from_array(np.array([[1, 0], [0, 0], [0, 0], [0, 0]], np.float32), "weights")]
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", [NUMBERS, "weights"], ["linear"]),
            helper.make_node("Softmax", ["linear"], ["probabilities"], axis=1),
        ],
        "two",
        [helper.make_tensor_value_info(NUMBERS, TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2])],
        held,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(made)
    content = made.SerializeToString()
    described = replace(
        signature.load(sales.root / SIGNATURE),
        task="multiclass",
        target="size",
        classes=("L", "S"),
        threshold=None,
        model_sha256=hashlib.sha256(content).hexdigest(),
    )
    return Predictor(content, described)


def test_probabilities_stand_in_the_order_of_the_task_and_unknown_classes_have_none(
    sales: SalesProject, knows_two: Predictor
) -> None:
    rows = pd.read_parquet(sales.root / split_file("test")).head(3)

    found = candidate.scores(ASKED, knows_two, rows)

    large = 1 / (1 + np.exp(-rows["x"].to_numpy()))
    np.testing.assert_allclose(found, np.column_stack([1 - large, np.zeros(3), large]), rtol=1e-5)


def test_with_several_classes_calibration_is_that_of_the_decided_one() -> None:
    named = quality.for_task("multiclass", for_task("multiclass", Value(currency="EUR"), None))
    sure = np.tile([0.9, 0.05, 0.05], (10, 1))

    right_nine_times = named[quality.CALIBRATION](np.array([0] * 9 + [1]), sure, None)
    right_half_the_time = named[quality.CALIBRATION](np.array([0] * 5 + [1] * 5), sure, None)

    assert right_nine_times == pytest.approx(0, abs=1e-9)
    assert right_half_the_time == pytest.approx(0.4)


def test_a_file_of_dvc_is_read_as_it_was(sales: SalesProject) -> None:
    commit, before = sales.git("rev-parse", "HEAD"), (sales.root / MODEL).read_bytes()
    (sales.root / MODEL).unlink()

    assert revision.stored(sales.root, commit, MODEL) == before


def test_a_champion_with_a_foreign_signature_can_not_be_loaded(sales: SalesProject) -> None:
    sales.write_json(SIGNATURE, sales.read_json(SIGNATURE) | {"model_sha256": "0" * 64})
    other = candidate.load_champion(sales.root, sales.commit())

    assert other is not None
    with pytest.raises(InconclusiveError, match="cannot be loaded"):
        other.predictor()


def test_digests_are_those_of_dvc(sales: SalesProject) -> None:
    from dvc_data.hashfile.build import build
    from dvc_data.hashfile.db import HashFileDB
    from dvc_objects.fs.local import LocalFileSystem

    for path in (MODEL, SPLIT):
        store = HashFileDB(LocalFileSystem(), str(sales.root / "store"))
        _, _, found = build(store, str(sales.root / path), LocalFileSystem(), "md5")

        assert md5(sales.root / path) == found.hash_info.value
