from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from {{ cookiecutter.package_name }} import contract
from {{ cookiecutter.package_name }}.model.predictor import Predictor
from {{ cookiecutter.package_name }}.model.signature import ModelError
from {{ cookiecutter.package_name }}.serving.request import example_row
from {{ cookiecutter.package_name }}.serving.rest import create_app


@pytest.fixture
def client(inside: Path) -> Iterator[TestClient]:
    with TestClient(create_app()) as client:
        yield client


@pytest.fixture
def row(inside: Path) -> dict[str, Any]:
    return example_row(contract.load())


def test_one_row_is_answered_by_the_predictor(client: TestClient, row: dict[str, Any]) -> None:
    answer = client.post("/predict", json=row)

    expected = Predictor.load().predict_one(row)
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == [{"decision": expected.decision, "score": expected.score}]


def test_many_rows_are_answered_in_order(client: TestClient, row: dict[str, Any]) -> None:
    answer = client.post("/predict", json=[row] * 3)

    assert len(answer.json()["predictions"]) == 3


def test_an_unknown_column_is_refused_by_name(client: TestClient, row: dict[str, Any]) -> None:
    answer = client.post("/predict", json=[row, {**row, "colour": "red"}])

    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["row"], error["message"]) == (1, "colour is not a column of the contract")


@pytest.mark.parametrize("body", ["", "{", "3", "null", "[]", '"text"', "[[]]"])
def test_what_is_no_row_is_refused(client: TestClient, body: str) -> None:
    answer = client.post("/predict", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["errors"]


@pytest.mark.parametrize(("body", "position"), [(3, 0), (["text"], 0), ([{}, 3], 1)])
def test_what_is_no_object_is_told_what_a_row_is(client: TestClient, body: Any, position: int) -> None:
    *_, error = client.post("/predict", json=body).json()["errors"]

    assert (error["row"], error["message"]) == (position, "a row must be an object that names a value for each column")


def test_health_and_readiness_are_told(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_the_service_is_not_ready_before_it_has_started(inside: Path) -> None:
    assert TestClient(create_app()).get("/readyz").status_code == 503


def test_the_model_is_described(client: TestClient) -> None:
    assert client.get("/model").json() == json.loads(Path("models/signature.json").read_text())


def test_the_api_documents_every_feature_of_the_contract(client: TestClient) -> None:
    documented = client.get("/openapi.json").json()["components"]["schemas"]
    names = {name for schema in documented.values() for name in schema.get("properties", {})}

    assert {column.name for column in contract.load().features} <= names


def test_a_contract_edited_after_training_stops_the_service(project: Path) -> None:
    path = Path("contract.yaml")
    path.write_text(path.read_text() + "# one more thought\n")

    with pytest.raises(ModelError, match="not the contract that the model was trained under"):
        create_app()
