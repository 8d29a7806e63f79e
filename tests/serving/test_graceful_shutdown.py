from __future__ import annotations

import json
import signal
import socket
import time
from http.client import HTTPResponse
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from goldenpath.project.paths import MODEL
from goldenpath.serving.rest.health import is_ready
from tests.serving.running_service import PATIENCE_SECONDS, Start, free_port, launch, until


def test_a_stopping_service_is_not_ready_but_answers_until_a_second_sigterm(start: Start, row: dict[str, Any]) -> None:
    service = start(DRAIN_SECONDS="60")

    service.process.send_signal(signal.SIGTERM)
    until(lambda: not is_ready(service.port))
    readiness, answer = service.ask(path="/readyz"), service.ask(row)
    service.process.send_signal(signal.SIGTERM)

    assert (readiness[0], readiness[1]["connection"]) == (503, "close")
    assert (answer[0], answer[1]["connection"]) == (200, "close")
    assert service.process.wait(PATIENCE_SECONDS) == -signal.SIGTERM


@pytest.mark.parametrize("rows", [1, 100])
def test_a_request_that_has_begun_to_come_is_answered_and_logged(
    start: Start, row: dict[str, Any], tmp_path: Path, rows: int
) -> None:
    service = start(DRAIN_SECONDS="0.2", PREDICTION_LOG=str(tmp_path / "log"), REQUEST_SECONDS=str(PATIENCE_SECONDS))
    body = json.dumps([row] * rows).encode()
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"

    with socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS) as client:
        client.sendall(head % len(body) + body[: len(body) // 2])
        until(lambda: service.under_way() > 0)
        service.process.send_signal(signal.SIGTERM)
        until(lambda: not is_listening(service.port))
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


@pytest.mark.parametrize(
    ("model", "log", "words"),
    [
        (b"damaged", "off", "The model's digest is "),
        (None, "contract.yaml/log", "contract.yaml/log: the prediction log cannot be written there: "),
    ],
)
def test_what_cannot_be_served_is_told_without_a_traceback(
    project: Path, model: bytes | None, log: str, words: str
) -> None:
    if model is not None:
        MODEL.write_bytes(model)

    process = launch(free_port(), project / "said", PREDICTION_LOG=log)

    assert process.wait(PATIENCE_SECONDS) == 1
    [outcome, reason] = (project / "said").read_text().splitlines()
    assert outcome == "serve failed."
    assert reason.startswith(words)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(b"HTTP/1.1 200 OK\r\n\r\n", True), (b"HTTP/1.1 503 Not yet\r\n\r\n", False), (b"\0\r\n\r\n", False)],
)
def test_health_is_asked_over_loopback_and_only_200_is_healthy(answer: bytes, expected: bool) -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=answer_once, args=(listener, answer, asked))
        thread.start()
        found = is_ready(listener.getsockname()[1])
        thread.join(PATIENCE_SECONDS)

    assert found is expected
    assert asked[0].startswith(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:")


def answer_once(listener: socket.socket, answer: bytes, asked: list[bytes]) -> None:
    client, _ = listener.accept()
    with client:
        asked.append(client.recv(65_536))
        client.sendall(answer)


def test_who_does_not_listen_is_not_healthy() -> None:
    assert not is_ready(free_port())
