"""What goes wrong in production, with real processes: a kill, slow clients, too many of them, a changed model."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import threading
import time
from collections import Counter
from http.client import HTTPException
from pathlib import Path
from typing import Any

import onnx
from running_service import PATIENCE_SECONDS, Running, Start

from {{ cookiecutter.package_name }}.paths import MODEL, SIGNATURE

CALLERS = 4
WINDOW_SECONDS = 0.5
"""Within which the log may lag behind an answer: its own 0.05, and the patience that a busy machine asks for."""
OVERLOAD_SECONDS = 4.0
OVERLOADED = 40
"""Callers that keep asking, of which four are let in."""
MOST_MIB = 100
"""By which the service may grow while it is overloaded."""


class Callers:
    """Threads that keep asking, and what they saw."""

    def __init__(self, service: Running, body: Any, number: int) -> None:
        self.seen: list[tuple[float, int, str]] = []
        self.answers: list[Any] = []
        self.failures: list[str] = []
        self._is_over = threading.Event()
        content = json.dumps(body).encode()
        self._threads = [threading.Thread(target=self._ask, args=(service, content)) for _ in range(number)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, service: Running, content: bytes) -> None:
        while not self._is_over.is_set():
            try:
                status, headers, answer = service.ask(content)
            except (OSError, HTTPException) as error:
                self.failures.append(repr(error))
                time.sleep(0.01)
                continue
            self.seen.append((time.monotonic(), status, headers.get("x-prediction-id", "")))
            if status == 200:
                self.answers.append(answer["model"])
            else:
                assert headers["retry-after"] == "1"
                time.sleep(0.01)


def wait_for(service: Running, message: str) -> dict[str, Any]:
    """The first line of the log with a message."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := [line for line in service.logged() if line["message"] == message]:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(service.said.read_text())


def another_model() -> str:
    """Put a model of other bytes in the place of the one that is there; its digest."""
    changed = onnx.load(MODEL)
    changed.doc_string = "the next version"
    content = changed.SerializeToString()
    digest = hashlib.sha256(content).hexdigest()
    signature = json.loads(SIGNATURE.read_text()) | {"model_sha256": digest}
    MODEL.write_bytes(content)
    SIGNATURE.write_text(json.dumps(signature))
    return digest


def test_a_kill_under_load_loses_no_record_beyond_the_window(start: Start, row: dict[str, Any], tmp_path: Path) -> None:
    service = start(PREDICTION_LOG=str(tmp_path / "log"))
    callers = Callers(service, row, CALLERS)
    time.sleep(WINDOW_SECONDS + 1)

    service.process.kill()
    killed = time.monotonic()
    callers.stop()

    lines = [line for path in (tmp_path / "log").iterdir() for line in path.read_text().split("\n")[:-1]]
    logged = {json.loads(line)["id"] for line in lines}
    due = {name for moment, _, name in callers.seen if moment < killed - WINDOW_SECONDS}
    assert len(due) > CALLERS
    assert due - logged == set()


def test_slow_clients_are_let_go_while_others_are_answered(start: Start, row: dict[str, Any]) -> None:
    service = start(REQUEST_SECONDS="0.3", MAX_CONCURRENT="2")
    slow_head = socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS)
    slow_head.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\n")
    slow_body = socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS)
    slow_body.sendall(
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    )

    status = service.ask(row)[0]
    answer = b"".join(iter(lambda: slow_body.recv(4096), b""))
    try:
        rest = slow_head.recv(4096)
    except ConnectionResetError:
        rest = b""

    assert status == 200
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"did not come within 0.3 seconds" in answer
    assert rest == b""


def test_a_head_without_end_is_refused(start: Start) -> None:
    service = start()
    client = socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS)
    client.sendall(b"GET /model HTTP/1.1\r\n")
    for number in range(100):
        try:
            client.sendall(b"x-%d: %s\r\n" % (number, b"x" * 1000))
        except (BrokenPipeError, ConnectionResetError):
            break

    try:
        answer = client.recv(4096)
    except ConnectionResetError:
        answer = b"HTTP/1.1 400 "

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert service.ask(path="/model")[0] == 200


def test_more_connections_than_there_is_room_for_are_told_so(start: Start, row: dict[str, Any]) -> None:
    service = start(MAX_CONCURRENT="1")
    held = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(16)]

    status, headers, answer = service.ask(row)
    for client in held:
        client.close()
    time.sleep(0.2)

    assert (status, headers["retry-after"]) == (503, "1")
    assert answer["errors"][0]["message"] == "too many connections are open"
    assert service.ask(row)[0] == 200


def test_ten_times_the_load_is_refused_honestly_and_forgotten(start: Start, row: dict[str, Any]) -> None:
    service = start(MAX_CONCURRENT=str(OVERLOADED // 10), REQUEST_SECONDS="30")
    service.ask([row] * 200)
    before = service.memory_mib()

    callers = Callers(service, [row] * 200, OVERLOADED)
    time.sleep(OVERLOAD_SECONDS)
    peak = service.memory_mib()
    callers.stop()

    statuses = Counter(status for _, status, _ in callers.seen)
    assert callers.failures == []
    assert set(statuses) == {200, 503}
    assert peak - before < MOST_MIB
    assert service.ask(row)[0] == 200
    assert "http_requests_in_progress 0.0" in service.ask(path="/metrics")[2]


def test_a_new_model_takes_over_without_a_failed_request(start: Start, row: dict[str, Any]) -> None:
    service = start()
    before = service.ask(row)[2]["model"]
    callers = Callers(service, row, CALLERS)

    after = another_model()
    service.process.send_signal(signal.SIGHUP)
    told = wait_for(service, "the model was loaded anew")
    answer = service.ask(row)[2]
    callers.stop()

    changes = [model for model, last in zip(callers.answers, [None, *callers.answers], strict=False) if model != last]
    assert (told["before"], told["model"], answer["model"]) == (before, after, after)
    assert (callers.failures, {status for _, status, _ in callers.seen}) == ([], {200})
    assert set(changes) <= {before, after}
    shown = [line for line in service.ask(path="/metrics")[2].splitlines() if line.startswith("model_info")]
    assert [after in line for line in shown] == [True]


def test_a_bad_model_is_refused_and_the_old_one_answers_on(start: Start, row: dict[str, Any]) -> None:
    service = start()
    before = service.ask(row)[2]

    MODEL.write_bytes(b"damaged")
    service.process.send_signal(signal.SIGHUP)
    told = wait_for(service, "the model was not changed")

    assert (told["level"], told["model"]) == ("error", before["model"])
    assert "digest" in told["reason"]
    assert service.ask(row)[2] == before


def test_a_changed_contract_waits_for_a_new_start(start: Start, row: dict[str, Any]) -> None:
    service = start()

    contract = Path("contract.yaml")
    contract.write_text(contract.read_text() + "# one more thought\n")
    service.process.send_signal(signal.SIGHUP)

    assert "Start the service anew" in wait_for(service, "the model was not changed")["reason"]
    assert service.ask(row)[0] == 200
