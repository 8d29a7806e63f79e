from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from goldenpath.model import estimator, store, task
from goldenpath.model.predictor import Predictor
from goldenpath.model.signature import ModelError
from goldenpath.project import contract, params
from goldenpath.project.paths import ESTIMATORS, MODEL, SIGNATURE, split_file


def served_rows(count: int) -> list[dict[str, Any]]:
    """Test rows as a client would send them."""
    rows = pd.read_parquet(split_file("test")).head(count)
    return json.loads(rows.to_json(orient="records", date_format="iso"))


def test_answers_are_scikit_learns(inside: Path) -> None:
    agreed, settings = contract.load(), params.load()
    asked = task.of(agreed, settings)
    frame = estimator.as_frame(agreed.features, pd.read_parquet(split_file("test")).head(200))
    expected = estimator.scores(asked, store.load(ESTIMATORS)["model"], frame)
    expected = expected.max(axis=1) if asked.kind == "multiclass" else expected

    found = Predictor.load().predict(served_rows(200))

    # A prediction near zero is a sum of leaves as large as the spread, in float32.
    np.testing.assert_allclose([item.score for item in found], expected, rtol=1e-4, atol=1e-4 * max(1, expected.std()))


def test_one_row_and_many_rows_give_the_same_answers(inside: Path) -> None:
    predictor, rows = Predictor.load(), served_rows(20)

    assert [predictor.predict_one(row) for row in rows] == predictor.predict(rows)
    assert predictor.predict([]) == []


def test_decisions_are_classes_of_the_contract(inside: Path) -> None:
    predictor = Predictor.load()
    if predictor.signature.task == "regression":
        assert {type(item.decision) for item in predictor.predict(served_rows(20))} == {float}
    else:
        assert {item.decision for item in predictor.predict(served_rows(20))} <= set(predictor.signature.classes)


def test_missing_and_unknown_values_are_answered(inside: Path) -> None:
    predictor = Predictor.load()
    strange = {column.name: "never seen" for column in predictor.signature.inputs if column.is_category}

    for row in ({}, strange):
        assert np.isfinite(predictor.predict_one(row).score)


def test_a_model_that_is_not_the_signatures_is_refused(project: Path) -> None:
    MODEL.write_bytes(MODEL.read_bytes() + b"\0")

    with pytest.raises(ModelError, match="The model's digest is"):
        Predictor.load()


def test_a_model_that_is_no_graph_is_refused(project: Path) -> None:
    MODEL.write_bytes(b"not a graph")
    described = json.loads(SIGNATURE.read_text())
    described["model_sha256"] = "75da8bd4d4b7dd5ed8ff5cd5d8eff0b1de9d5b2a9be3c0b8e2b6c0b5f8f9a0b1"
    SIGNATURE.write_text(json.dumps(described))

    with pytest.raises(ModelError):
        Predictor.load()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"inputs": 3}'])
def test_a_damaged_signature_is_refused(project: Path, text: str) -> None:
    SIGNATURE.write_text(text)

    with pytest.raises(ModelError, match="not a signature"):
        Predictor.load()


@pytest.mark.parametrize("path", [MODEL, SIGNATURE])
def test_a_missing_file_names_the_command_that_makes_it(project: Path, path: Path) -> None:
    path.unlink()

    with pytest.raises(ModelError, match="make run"):
        Predictor.load()
