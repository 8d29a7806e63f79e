from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from goldenpath.model.predictor import Predictor
from goldenpath.project.exit_codes import Exit
from goldenpath.project.paths import PREDICTION_LOG, REPLAY
from goldenpath.serving.rest.app import create_app
from tests.command import exit_code
from tests.monitoring.log_factory import START, Record, newest_rows, plain, write, written_time

pytestmark = pytest.mark.usefixtures("project")


@pytest.fixture(scope="module")
def served(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """What the REST API served to requests, as its log holds it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(shutil.copytree(trained, tmp_path_factory.mktemp("served"), dirs_exist_ok=True))
        signature = Predictor.load().signature
        rows = newest_rows().head(150)[[item.name for item in signature.inputs]]
        inputs = [{name: plain(value) for name, value in row.items()} for row in rows.to_dict("records")]
        with TestClient(create_app()) as client:
            answer: dict[str, Any] = client.post("/predict", json=inputs).json()
    return [
        {
            "id": f"p{place}",
            "time": written_time(START),
            "mode": "rest",
            "variant": "champion",
            "model": answer["model"],
            "inputs": given,
            **found,
        }
        for place, (given, found) in enumerate(zip(inputs, answer["predictions"], strict=True))
    ]


def run(*words: str) -> int:
    return exit_code("replay", *words)


def test_what_rest_answered_is_what_training_computes(
    served: list[Record], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(PREDICTION_LOG, served)
    monkeypatch.setenv("GOLDENPATH_FACTS", str(tmp_path / "facts.json"))

    assert run() == 0

    facts = json.loads((tmp_path / "facts.json").read_text())
    signature = Predictor.load().signature
    assert (facts["rows"], facts["mismatches"], facts["model"]) == (150, 0, signature.model_sha256)
    assert (facts["modes"], facts["environment"]) == ({"rest": 150}, "local")
    assert facts["inputs"] == [item.name for item in signature.inputs]
    assert facts["missing"] == {
        name: pytest.approx(sum(record["inputs"][name] is None for record in served) / 150, abs=1e-6)
        for name in facts["inputs"]
    }


@pytest.mark.parametrize("key", ["score", "inputs"])
def test_a_row_that_was_served_otherwise_is_found(
    served: list[Record], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    other = served[7] | {"score": served[7]["score"] + 0.1 * max(1.0, abs(served[7]["score"]))}
    if key == "inputs":  # the features of another row: computed in another way than in training
        furthest = max(served, key=lambda record: abs(record["score"] - served[7]["score"]))
        other = served[7] | {"inputs": furthest["inputs"]}
    write(PREDICTION_LOG, [*served[:7], other, *served[8:]])

    assert run() == Exit.ALARM
    report = json.loads(REPLAY.read_text())
    assert (report["mismatches"], report["samples"]) == (1, ["p7"])


def test_answers_of_other_models_are_left_out_and_counted(
    served: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [record | {"model": "b" * 64, "score": -1.0, "id": f"o{record['id']}"} for record in served[:30]]
    write(PREDICTION_LOG, [*served, *others])

    assert run() == 0
    report = json.loads(REPLAY.read_text())
    assert (report["rows"], report["records_of_other_models"]) == (150, 30)


def test_only_the_newest_rows_are_replayed(served: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    old = [record | {"time": "2020-01-01T00:00:00.000000Z", "score": -1.0} for record in served]
    write(PREDICTION_LOG, [*old, *served])

    assert run("--rows", "150") == 0


def test_few_rows_prove_nothing(
    served: list[Record], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(PREDICTION_LOG, served[:20])

    assert run() == 3
    assert "Fewer than 100 rows prove nothing" in capsys.readouterr().err


@pytest.mark.usefixtures("sample")
def test_hashed_inputs_cannot_be_replayed(
    served: list[Record], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(PREDICTION_LOG, served)
    path = Path("contract.yaml")
    head, _, rest = path.read_text().partition("- name: carrier")
    path.write_text(f"{head}- name: carrier{rest.replace('classification: public', 'classification: restricted', 1)}")

    assert run() == 1
    assert "carrier: personal by contract.yaml" in capsys.readouterr().err
