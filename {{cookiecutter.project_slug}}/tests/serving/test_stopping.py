from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

import {{ cookiecutter.package_name }} as package
from {{ cookiecutter.package_name }} import contract
from {{ cookiecutter.package_name }}.paths import MODEL
from {{ cookiecutter.package_name }}.serving.__main__ import drain_seconds
from {{ cookiecutter.package_name }}.serving.health import is_ready
from {{ cookiecutter.package_name }}.serving.request import example_row

PATIENCE_SECONDS = 30


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def ask(port: int, body: Any = None) -> tuple[int, str | None]:
    """Status and Connection header of ``/predict`` with a body, of ``/readyz`` without."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        if body is None:
            connection.request("GET", "/readyz")
        else:
            connection.request("POST", "/predict", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("Connection")
    finally:
        connection.close()


Start = Callable[..., tuple[subprocess.Popen[str], int]]


@pytest.fixture
def start(project: Path) -> Iterator[Start]:
    """Starts the real service, waits until it is ready, and returns its process and port."""
    started: list[subprocess.Popen[str]] = []

    def begin(drain: str) -> tuple[subprocess.Popen[str], int]:
        port = free_port()
        process = launch(port, drain)
        started.append(process)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_ready(port):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        return process, port

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def launch(port: int, drain: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"{package.__name__}.serving", str(port)]
    environment = os.environ | {"DRAIN_SECONDS": drain}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def test_sigterm_ends_the_service_with_status_0(start: Start) -> None:
    process, _ = start("0")

    process.send_signal(signal.SIGTERM)

    assert process.wait(PATIENCE_SECONDS) == 0


def test_a_stopping_service_is_not_ready_but_still_answers(start: Start) -> None:
    process, port = start("2")
    row = json.loads(json.dumps(example_row(contract.load()), default=str))

    process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while is_ready(port) and time.monotonic() < deadline:
        time.sleep(0.02)

    assert ask(port) == (503, "close")
    assert ask(port, row) == (200, "close")
    assert process.wait(PATIENCE_SECONDS) == 0


def test_a_request_under_way_is_answered(start: Start) -> None:
    process, port = start("0")
    row = json.loads(json.dumps(example_row(contract.load()), default=str))
    answers: list[int] = []
    client = threading.Thread(target=lambda: answers.append(ask(port, [row] * 5_000)[0]))

    client.start()
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    client.join()

    assert answers == [200]
    assert process.wait(PATIENCE_SECONDS) == 0


def test_a_second_sigterm_ends_it_at_once(start: Start) -> None:
    process, port = start("60")
    process.send_signal(signal.SIGTERM)
    while is_ready(port):
        time.sleep(0.02)

    process.send_signal(signal.SIGTERM)

    assert process.wait(PATIENCE_SECONDS) == -signal.SIGTERM


@pytest.mark.parametrize("drain", ["soon", "-1", "61", "nan"])
def test_a_drain_that_is_no_time_is_refused(capsys: pytest.CaptureFixture[str], drain: str) -> None:
    with pytest.raises(SystemExit, match="1"):
        drain_seconds(drain)

    assert capsys.readouterr().err == f"DRAIN_SECONDS={drain}: want seconds from 0 to 60.\n"


def test_a_damaged_model_is_told_without_a_traceback(project: Path) -> None:
    MODEL.write_bytes(b"damaged")

    process = launch(free_port())
    _, said = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 1
    assert "The model's digest is" in said
    assert "Traceback" not in said


def test_health_is_asked_over_loopback() -> None:
    assert not is_ready(free_port())
