"""A model made worse on purpose, and what counts as having refused it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from goldenpath.gates.model import gate_selftest
from goldenpath.gates.model.degrade import blinded
from goldenpath.gates.model.gate_selftest import Refusal, is_refused
from goldenpath.model import estimator, signature
from goldenpath.model.predictor import Predictor
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import MODEL, SIGNATURE, split_file
from goldenpath.repository.facts import TOLD
from tests.gates.model.sales_project import GOOD, SalesProject, graph


def test_a_blinded_model_answers_as_if_its_columns_were_missing(inside: Path) -> None:
    described = signature.load(SIGNATURE)
    hidden = {column.name for column in described.inputs[::2]}
    worse = blinded(MODEL.read_bytes(), described, hidden)
    told = replace(described, model_sha256=hashlib.sha256(worse).hexdigest())
    rows: list[dict[str, Any]] = json.loads(
        pd.read_parquet(split_file("test")).head(50).to_json(orient="records", date_format="iso")
    )

    found = [item.score for item in Predictor(worse, told).predict(rows)]

    without = [{name: value for name, value in row.items() if name not in hidden} for row in rows]
    np.testing.assert_allclose(found, [item.score for item in Predictor.load().predict(without)], rtol=1e-6)


def test_a_model_that_sees_nothing_answers_one_thing(inside: Path) -> None:
    described = signature.load(SIGNATURE)
    worse = blinded(MODEL.read_bytes(), described, {column.name for column in described.inputs})
    told = replace(described, model_sha256=hashlib.sha256(worse).hexdigest())
    rows = pd.read_parquet(split_file("test")).head(50)

    frame = estimator.as_frame(described.inputs, rows)
    found = Predictor(worse, told).scores({str(name): column.to_list() for name, column in frame.items()})

    assert len(np.unique(found, axis=0)) == 1


@pytest.mark.parametrize(
    ("failed", "code", "refused"),
    [("non_inferiority.roc_auc", 1, True), ("records", 1, False), ("non_inferiority.roc_auc", 3, False)],
)
def test_only_being_worse_counts_as_refused(failed: str, code: int, refused: bool) -> None:
    report = {"gates": [{"name": failed, "verdict": "fail"}, {"name": "size_mib", "verdict": "pass"}]}

    assert is_refused(Refusal(["x"], 0.5, code, report), "roc_auc") == refused


@pytest.fixture
def degradable(sales: SalesProject, monkeypatch: pytest.MonkeyPatch) -> SalesProject:
    """The product, whose model of a few weights cannot do without values, so another one stands for it half blind."""
    monkeypatch.setattr(gate_selftest, "blinded", lambda *_: graph({"x": 2.0, "noise": 3.0}))
    return sales


def test_the_gate_refuses_a_degraded_model(degradable: SalesProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOLD, str(degradable.root.parent / "told.json"))

    said = gate_selftest.run(degradable.root)

    assert "The gate refused a degraded model: roc_auc" in said
    told = json.loads((degradable.root.parent / "told.json").read_text())
    assert told["gate_exit_code"] == 1
    assert "non_inferiority.roc_auc" in told["failed"]
    assert (degradable.root / MODEL).read_bytes() == graph(GOOD), "the project's own model stays"


def test_a_gate_that_lets_a_degraded_model_through_is_told(degradable: SalesProject) -> None:
    degradable.limit(non_inferiority=None)
    degradable.commit()

    with pytest.raises(ProjectError, match=r"let a degraded model through.*\nSet gates.non_inferiority"):
        gate_selftest.run(degradable.root)


def test_results_that_are_not_committed_prove_nothing(sales: SalesProject) -> None:
    sales.lose_cache()

    with pytest.raises(ProjectError, match="The committed model and rows are not here"):
        gate_selftest.run(sales.root)
