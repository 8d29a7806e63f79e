from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from running_service import PATIENCE_SECONDS, Start, free_port, launch

from {{ cookiecutter.package_name }}.paths import MODEL
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


def test_a_request_under_way_is_answered(start: Start, row: dict[str, Any]) -> None:
    service = start()
    answers: list[int] = []
    client = threading.Thread(target=lambda: answers.append(service.ask([row] * 200)[0]))

    client.start()
    time.sleep(0.02)
    service.process.send_signal(signal.SIGTERM)
    client.join()

    assert answers == [200]
    assert service.process.wait(PATIENCE_SECONDS) == 0


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
    ],
)
def test_what_cannot_be_served_is_told_without_a_traceback(
    project: Path, variables: dict[str, str], words: str
) -> None:
    if "MODEL" in variables:
        MODEL.write_bytes(b"damaged")

    process = launch(free_port(), project / "said", **variables)

    assert process.wait(PATIENCE_SECONDS) == 1
    said = (project / "said").read_text()
    assert said.startswith(words)
    assert "Traceback" not in said


def test_health_is_asked_over_loopback() -> None:
    assert not is_ready(free_port())
