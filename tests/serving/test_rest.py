from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from fastapi.testclient import TestClient

from goldenpath.model.predictor import Predictor
from goldenpath.model.signature import ModelError
from goldenpath.project import contract
from goldenpath.project.paths import LINEAGE, MODEL, SIGNATURE, SPLIT_REPORT
from goldenpath.serving import variants
from goldenpath.serving.prediction_log import PredictionLog
from goldenpath.serving.rest.api_key import made
from goldenpath.serving.rest.app import create_app
from goldenpath.serving.rest.connection import SMALL_BYTES
from tests.serving.running_service import PATIENCE_SECONDS, Serve, until

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def sparse(row: dict[str, Any], inside: Path) -> dict[str, Any]:
    """The row with nothing in it that the contract can do without."""
    return {column.name: row[column.name] for column in contract.load().features if column.required}


@pytest.fixture
def number(inside: Path) -> str:
    """A column that holds numbers."""
    found = [column.name for column in contract.load().features if column.type in ("integer", "number")]
    return found[0] if found else pytest.skip("the contract has no numbers")


def model_digest() -> str:
    digest: str = json.loads(SIGNATURE.read_text())["model_sha256"]
    return digest


def test_one_row_is_answered_by_the_predictor(client: TestClient, row: dict[str, Any]) -> None:
    answer = client.post("/predict", json=row)

    expected = Predictor.load().predict_one(row)
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == [{"decision": expected.decision, "score": expected.score}]


@pytest.mark.parametrize("rows", [3, 100])
def test_many_rows_are_answered_in_order(
    client: TestClient, row: dict[str, Any], sparse: dict[str, Any], rows: int
) -> None:
    asked = [row if position % 3 else sparse for position in range(rows)]

    answer = client.post("/predict", json=asked)

    expected = [{"decision": item.decision, "score": item.score} for item in Predictor.load().predict(asked)]
    assert answer.json()["predictions"] == expected


def test_an_unknown_column_is_refused_by_name(client: TestClient, row: dict[str, Any]) -> None:
    answer = client.post("/predict", json=[row, {**row, "colour": "red"}])

    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["row"], error["message"]) == (1, "colour is not a column of the contract")


@pytest.mark.parametrize("body", ["", "{", "3", "null", "[]", '"text"', "[[]]", "  \n", "\x00", '{"a":' * 5_000])
def test_what_is_no_row_is_refused(client: TestClient, body: str) -> None:
    answer = client.post("/predict", content=body, headers=JSON)

    assert answer.status_code == 422
    assert answer.json()["errors"]


@pytest.mark.parametrize(("body", "position"), [(3, 0), (["text"], 0), ([{}, 3], 1)])
def test_what_is_no_object_is_told_what_a_row_is(client: TestClient, body: Any, position: int) -> None:
    *_, error = client.post("/predict", json=body).json()["errors"]

    assert (error["row"], error["message"]) == (position, "a row must be an object that names a value for each column")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400, "9" * 5_000, '"\\ud800"', "{}"])
def test_a_value_that_is_none_is_refused(client: TestClient, row: dict[str, Any], number: str, value: str) -> None:
    text = json.dumps(row | {number: "VALUE"}).replace('"VALUE"', value)

    answer = client.post("/predict", content=text, headers=JSON)

    assert answer.status_code == 422
    assert all("Traceback" not in error["message"] for error in answer.json()["errors"])


def test_a_long_value_comes_back_cut(client: TestClient, row: dict[str, Any], number: str) -> None:
    [error] = client.post("/predict", json=row | {number: "x" * 5_000}).json()["errors"]

    assert error["value"] == "x" * 100


def test_the_first_faults_of_very_many_are_told(client: TestClient) -> None:
    answer = client.post("/predict", json=[{}] * 1_000)

    assert len(answer.json()["errors"]) == 100


@pytest.mark.parametrize("rows", [3, 300])
def test_more_rows_than_allowed_are_refused(serve: Serve, row: dict[str, Any], rows: int) -> None:
    answer = serve(max_rows=2).post("/predict", json=[row] * rows)

    assert answer.status_code == 422
    assert "at most 2 items" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_that_is_too_large_is_refused(serve: Serve, is_chunked: bool) -> None:
    content = b" " * 5_000
    parts = iter([content[:2_500], content[2_500:]])

    answer = serve(max_body_bytes=4_000).post("/predict", content=parts if is_chunked else content, headers=JSON)

    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"
    assert answer.json()["errors"][0]["rule"] == "size"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_does_not_call_itself_json_is_refused(client: TestClient, row: dict[str, Any], kind: str) -> None:
    answer = client.post("/predict", content=json.dumps(row), headers={"Content-Type": kind})

    assert answer.status_code == 415


def test_ids_come_back_and_stand_in_the_log_without_the_inputs(
    client: TestClient, row: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    answer = client.post("/predict", json=row, headers={"X-Request-ID": "order-7"})

    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer.headers["x-request-id"] == "order-7"
    assert line["request_id"] == "order-7"
    assert line["prediction_id"] == answer.headers["x-prediction-id"]
    assert (line["level"], line["path"], line["status"], line["rows"]) == ("info", "/predict", 200, 1)
    assert 0 < line["ms"] < 10_000
    assert set(line) & (set(row) - {"time", "path", "status"}) == set()


@pytest.mark.parametrize("given", ["", " ", "x" * 200, "a b", 'a"b', "a\tb"])
def test_an_id_that_no_log_can_hold_is_replaced(client: TestClient, given: str) -> None:
    answer = client.get("/model", headers={"X-Request-ID": given})

    assert len(answer.headers["x-request-id"]) == 32


def test_every_prediction_is_logged_under_its_id(
    serve: Serve, row: dict[str, Any], sparse: dict[str, Any], tmp_path: Path
) -> None:
    client = serve(prediction_log=tmp_path / "log", variant="blue")
    answer = client.post("/predict", json=[row, sparse])

    client.__exit__(None, None, None)

    records = [json.loads(line) for path in (tmp_path / "log").iterdir() for line in path.read_text().splitlines()]
    base = answer.headers["x-prediction-id"]
    assert [record["id"] for record in records] == [f"{base}.0", f"{base}.1"]
    assert [record["score"] for record in records] == [item["score"] for item in answer.json()["predictions"]]
    assert {record["request"] for record in records} == {answer.headers["x-request-id"]}
    assert {record["model"] for record in records} == {model_digest()}
    assert {record["variant"] for record in records} == {"blue"}


def test_metrics_tell_the_model_that_answered(
    serve: Serve, row: dict[str, Any], sparse: dict[str, Any], number: str
) -> None:
    client = serve()
    client.post("/predict", json=sparse)
    client.post("/predict", json=row | {number: "many"})
    client.get("/a/path/nobody/knows")

    text = client.get("/metrics").text

    shown = {line for line in text.splitlines() if model_digest() in line or "model_version" not in line}
    for name, labels, value in (
        ("http_requests_total", ('path="/predict"', 'status="200"', 'variant="champion"'), "1.0"),
        ("http_requests_total", ('path="other"', 'status="404"', 'variant="champion"'), "1.0"),
        ("contract_violations_total", (f'column="{number}"',), "1.0"),
        *[("input_missing_total", (f'column="{name}"',), "1.0") for name in set(row) - set(sparse)],
        ("http_requests_refused_total", ('reason="invalid"',), "1.0"),
        ("model_trained_timestamp_seconds", (), ""),
    ):
        assert any(
            line.startswith(name) and all(label in line for label in labels) and line.endswith(value) for line in shown
        ), (name, labels)


@pytest.mark.parametrize("path", ["/model", "/openapi.json", "/a/path/nobody/knows"])
def test_strangers_are_refused_whatever_they_ask_for(serve: Serve, tmp_path: Path, path: str) -> None:
    key, line = made("shop")
    (tmp_path / "keys").write_text(line)
    client = serve(auth="api-key", api_keys_file=tmp_path / "keys")

    answers = [client.get(path), client.post("/predict", json={}), client.get("/healthz"), client.get("/metrics")]

    assert [answer.status_code for answer in answers] == [401, 401, 200, 200]
    assert client.get("/model", headers={"X-API-Key": key}).status_code == 200


def test_a_fault_of_the_program_is_told_to_the_log_and_not_to_the_caller(
    serve: Serve, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = serve()
    monkeypatch.setattr(Predictor, "predict_one", lambda *_: 1 / 0)

    answer = client.post("/predict", json=row)

    *_, fault, request = map(json.loads, capsys.readouterr().out.splitlines())
    assert (answer.status_code, "division" in answer.text) == (500, False)
    assert "ZeroDivisionError" in fault["traceback"]
    assert fault["request_id"] == request["request_id"] == answer.headers["x-request-id"]


def test_an_answer_that_comes_too_late_is_neither_logged_nor_counted(
    serve: Serve, row: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve(prediction_log=tmp_path / "log", request_seconds=0.2, cache="off")
    service: Any = client.app
    predict_one = Predictor.predict_one
    is_over = threading.Event()

    def predict(self: Predictor, asked: Any) -> Any:
        assert is_over.wait(PATIENCE_SECONDS)
        return predict_one(self, asked)

    monkeypatch.setattr(Predictor, "predict_one", predict)

    late = client.post("/predict", content=large(row), headers=JSON)
    is_over.set()
    service.settings = replace(service.settings, request_seconds=PATIENCE_SECONDS)
    again = client.post("/predict", content=large(row), headers=JSON)
    client.__exit__(None, None, None)

    assert (late.status_code, late.headers["retry-after"], again.status_code) == (503, "1", 200)
    assert "no answer within 0.2 seconds" in late.text
    [record] = [json.loads(line) for path in (tmp_path / "log").iterdir() for line in path.read_text().splitlines()]
    assert record["id"] == again.headers["x-prediction-id"]
    counted = [line for line in client.get("/metrics").text.splitlines() if line.startswith("predictions_total{")]
    assert [line.rpartition(" ")[2] for line in counted] == ["1.0"]


def test_an_answer_that_is_being_logged_when_the_time_is_over_is_given(
    serve: Serve, row: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve(prediction_log=tmp_path / "log")
    append_all, wait = PredictionLog.append_all, asyncio.wait
    is_logging, is_over = threading.Event(), threading.Event()

    def append(self: PredictionLog, records: Any) -> None:
        append_all(self, records)
        is_logging.set()
        assert is_over.wait(PATIENCE_SECONDS)

    async def wait_until_logged(tasks: Any, *, timeout: float | None = None, **options: Any) -> Any:
        if timeout is None:  # not the service's, which has a limit
            return await wait(tasks, **options)
        assert is_logging.wait(PATIENCE_SECONDS)
        found = await wait(tasks, timeout=0)
        asyncio.get_running_loop().call_soon(is_over.set)
        return found

    monkeypatch.setattr(PredictionLog, "append_all", append)
    monkeypatch.setattr(asyncio, "wait", wait_until_logged)

    answer = client.post("/predict", content=large(row), headers=JSON)
    client.__exit__(None, None, None)

    [record] = [json.loads(line) for path in (tmp_path / "log").iterdir() for line in path.read_text().splitlines()]
    assert (answer.status_code, answer.headers["x-prediction-id"]) == (200, record["id"])


def large(row: dict[str, Any]) -> str:
    """The row as a body that is answered in another thread."""
    return json.dumps(row) + " " * SMALL_BYTES


def test_health_and_readiness_are_told(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_the_service_is_not_ready_before_it_has_started(inside: Path) -> None:
    assert TestClient(create_app()).get("/readyz").status_code == 503


def test_a_log_that_has_ended_takes_the_service_out_of_use_and_asks_for_a_new_one(
    serve: Serve, row: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PredictionLog, "_line", lambda *_: 1 / 0)
    client = serve(prediction_log=tmp_path / "log")
    assert client.post("/predict", json=row).status_code == 200  # was taken before the log's thread met its fault

    until(lambda: client.get("/healthz").status_code == 503)

    assert client.get("/readyz").status_code == client.post("/predict", json=row).status_code == 503


def test_the_model_is_described(client: TestClient) -> None:
    assert client.get("/model").json() == json.loads(Path("models/signature.json").read_text())


def test_a_contract_edited_after_training_stops_the_service(project: Path) -> None:
    path = Path("contract.yaml")
    path.write_text(path.read_text() + "# one more thought\n")

    with pytest.raises(ModelError, match="not the contract that the model was trained under"):
        create_app()


def signature_of_fewer_columns() -> None:
    described = json.loads(SIGNATURE.read_text())
    SIGNATURE.write_text(json.dumps(described | {"inputs": described["inputs"][1:]}))


def graph_of_other_tensors() -> None:
    graph = onnx.load(MODEL)
    for name in {tensor.name for tensor in graph.graph.input}:
        for node in graph.graph.node:
            node.input[:] = [f"other_{name}" if item == name else item for item in node.input]
    for tensor in graph.graph.input:
        tensor.name = f"other_{tensor.name}"
    MODEL.write_bytes(graph.SerializeToString())
    digest = hashlib.sha256(MODEL.read_bytes()).hexdigest()
    SIGNATURE.write_text(json.dumps(json.loads(SIGNATURE.read_text()) | {"model_sha256": digest}))


def folder_for_a_signature() -> None:
    SIGNATURE.unlink()
    SIGNATURE.mkdir()


def lineage_without(key: str) -> None:
    lineage = json.loads(LINEAGE.read_text())
    LINEAGE.write_text(json.dumps({name: value for name, value in lineage.items() if name != key}))


def reload(client: TestClient) -> None:
    """Have the service load its model again, as SIGHUP does."""
    service: Any = client.app
    assert client.portal is not None  # it has begun, with the service
    client.portal.call(service.reload)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (signature_of_fewer_columns, "models/model.onnx does not do what models/signature.json says: "),
        (graph_of_other_tensors, "models/model.onnx does not do what models/signature.json says: "),
        (folder_for_a_signature, "models/signature.json: cannot be read: Is a directory."),
        (lambda: LINEAGE.write_text('{"subject": ['), "models/lineage.json cannot be read: JSONDecodeError, "),
        (lambda: lineage_without("subject"), "models/lineage.json cannot be read: KeyError, 'subject'."),
        (lambda: lineage_without("predicate"), "models/lineage.json cannot be read: KeyError, 'predicate'."),
        (lambda: SPLIT_REPORT.write_text("[]"), "reports/split.json cannot be read: AttributeError, "),
    ],
)
def test_a_model_that_cannot_be_used_is_told_at_the_start_and_when_it_is_changed(
    serve: Serve,
    row: dict[str, Any],
    project: Path,
    spoil: Callable[[], None],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = serve()
    spoil()

    with pytest.raises(ModelError) as error:
        create_app()
    reload(client)

    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert str(error.value).startswith(words)
    assert "make run" in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert (told["message"], told["reason"]) == ("model reload failed; keeping the current model", str(error.value))
    assert client.post("/predict", json=row).status_code == 200


def test_a_changed_contract_waits_for_a_new_start(
    serve: Serve, row: dict[str, Any], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = serve()
    path = Path("contract.yaml")
    path.write_text(path.read_text() + "# one more thought\n")

    reload(client)

    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["message"], told["level"]) == ("model reload failed; keeping the current model", "error")
    assert "Restart the service" in told["reason"]
    assert client.post("/predict", json=row).status_code == 200


def test_a_fault_of_the_program_while_a_model_is_changed_is_told_too(
    serve: Serve, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = serve()
    monkeypatch.setattr(variants, "load", lambda *_: 1 / 0)

    reload(client)

    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["message"], told["model"]) == ("model reload failed; keeping the current model", model_digest())
    assert "ZeroDivisionError" in told["traceback"]
    assert client.post("/predict", json=row).status_code == 200


def test_the_api_documents_every_feature_of_the_contract_and_whom_a_row_is_about(client: TestClient) -> None:
    agreed = contract.load()

    documented = client.get("/openapi.json").json()["components"]["schemas"]["Row"]

    about = {agreed.entity.name} if agreed.entity else set()
    demanded = {column.name for column in agreed.features if column.required}
    assert set(documented["properties"]) == {column.name for column in agreed.features} | about
    assert set(documented.get("required", [])) == demanded
