from __future__ import annotations

import json
import signal
import socket
import time
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from running_service import PATIENCE_SECONDS, Start, free_port, launch

from {{ cookiecutter.package_name }}.paths import LINEAGE, MODEL
from {{ cookiecutter.package_name }}.serving.health import is_ready


def test_sigterm_ends_the_service_with_status_0(start: Start) -> None:
    service = start()

    service.process.send_signal(signal.SIGTERM)

    assert service.process.wait(PATIENCE_SECONDS) == 0


def test_a_stopping_service_is_not_ready_but_still_answers(start: Start, row: dict[str, Any]) -> None:
    service = start(DRAIN_SECONDS="2")

    service.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while is_ready(service.port) and time.monotonic() < deadline:
        time.sleep(0.02)

    readiness, answer = service.ask(path="/readyz"), service.ask(row)
    assert (readiness[0], readiness[1]["connection"]) == (503, "close")
    assert (answer[0], answer[1]["connection"]) == (200, "close")
    assert service.process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.parametrize("rows", [1, 100])
def test_a_request_that_has_begun_to_come_is_answered_and_logged(
    start: Start, row: dict[str, Any], tmp_path: Path, rows: int
) -> None:
    service = start(PREDICTION_LOG=str(tmp_path / "log"), REQUEST_SECONDS=str(PATIENCE_SECONDS))
    body = json.dumps([row] * rows).encode()
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"

    with socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS) as client:
        client.sendall(head % len(body) + body[: len(body) // 2])
        while not service.under_way():
            time.sleep(0.02)
        service.process.send_signal(signal.SIGTERM)
        while is_listening(service.port):
            time.sleep(0.02)
        time.sleep(0.5)  # by then, a server that waited for nobody would be gone
        client.sendall(body[len(body) // 2 :])
        answer = HTTPResponse(client)
        answer.begin()
        predictions = json.loads(answer.read())["predictions"]

    assert (answer.status, answer.getheader("Connection"), len(predictions)) == (200, "close", rows)
    assert service.process.wait(PATIENCE_SECONDS) == 0
    records = [json.loads(line) for path in (tmp_path / "log").iterdir() for line in path.read_text().splitlines()]
    assert {record["id"].partition(".")[0] for record in records} == {answer.getheader("X-Prediction-ID")}
    assert len(records) == rows


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_second_sigterm_ends_it_at_once(start: Start) -> None:
    service = start(DRAIN_SECONDS="60")
    service.process.send_signal(signal.SIGTERM)
    while is_ready(service.port):
        time.sleep(0.02)

    service.process.send_signal(signal.SIGTERM)

    assert service.process.wait(PATIENCE_SECONDS) == -signal.SIGTERM


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"DRAIN_SECONDS": "soon"}, "DRAIN_SECONDS=soon: want seconds from 0 to 60."),
        ({"ENVIRONMENT": "prod"}, "AUTH=none with ENVIRONMENT=prod: anybody could ask the model."),
        ({"PREDICTION_LOG": "contract.yaml/log"}, "contract.yaml/log: the prediction log cannot be written there"),
        ({"MODEL": "damaged"}, "The model's digest is"),
        ({"LINEAGE": "torn"}, "models/lineage.json cannot be read: JSONDecodeError, "),
        ({"CACHE": "redis://:5Ec/ReT@host/0"}, "CACHE is no URL of a Redis server: want redis://host:port/0, "),
    ],
)
def test_what_cannot_be_served_is_told_without_a_traceback(
    project: Path, variables: dict[str, str], words: str
) -> None:
    for name, path in {"MODEL": MODEL, "LINEAGE": LINEAGE}.items():
        if name in variables:
            path.write_text(variables[name])

    process = launch(free_port(), project / "said", **variables)

    assert process.wait(PATIENCE_SECONDS) == 1
    said = (project / "said").read_text()
    assert said.startswith(words)
    assert "Traceback" not in said
    assert "5Ec" not in said


def test_health_is_asked_over_loopback() -> None:
    assert not is_ready(free_port())
