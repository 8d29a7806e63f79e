"""How answers go over the wire."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import pytest

from goldenpath.serving.rest.connection import MOST_HEAD_BYTES
from tests.serving.running_service import PATIENCE_SECONDS, Running

PREDICT = "POST /predict HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: "


def exchange(port: int, *requests: str) -> bytes:
    """All that comes back to requests that are sent at once; the last one closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as client:
        client.sendall("".join(f"{request}\r\nHost: x\r\n\r\n" for request in requests).encode())
        return b"".join(iter(lambda: client.recv(65_536), b""))


def test_answers_come_whole_and_in_order_however_they_are_asked_for(service: Running) -> None:
    get, head, last = "GET /model HTTP/1.1", "HEAD /healthz HTTP/1.1", "GET /readyz HTTP/1.1\r\nConnection: close"

    several = exchange(service.port, get, last)
    without_body = exchange(service.port, head, last)
    garbage = exchange(service.port, last.replace("HTTP/1.1", "HTTX/9"))

    assert [part[:3] for part in several.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200"]
    assert several.index(b'"task"') < several.index(b'{"status":"ready"}')
    assert [part[:3] for part in without_body.split(b"HTTP/1.1 ")[1:]] == [b"405", b"200"]
    assert garbage.startswith(b"HTTP/1.1 400 ")


def test_predictions_that_are_sent_at_once_are_answered_in_order(service: Running, row: dict[str, Any]) -> None:
    small, large = json.dumps(row), " " * 10_000 + json.dumps(row)
    asked = [f"{PREDICT}{len(body)}\r\nX-Request-ID: {name}\r\nHost: x\r\n\r\n{body}"
             for name, body in zip("abcd", (small, large, small, "{}"), strict=True)]  # fmt: skip

    found = exchange(service.port, "".join(asked) + "GET /readyz HTTP/1.1\r\nConnection: close")

    answers = found.split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"200", b"200", b"422", b"200"]
    assert [answer.partition(b"x-request-id: ")[2][:1] for answer in answers[:4]] == [b"a", b"b", b"c", b"d"]


@pytest.mark.parametrize("pieces", [1, 2, 7])
def test_a_body_may_come_in_pieces(service: Running, row: dict[str, Any], pieces: int) -> None:
    body = json.dumps(row)
    whole = f"{PREDICT}{len(body)}\r\nConnection: close\r\nHost: x\r\n\r\n{body}".encode()
    kept = whole.replace(b"Connection: close\r\n", b"")

    with socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS) as client:
        for text in (kept, kept, whole):
            for number in range(pieces):
                client.sendall(text[number * len(text) // pieces : (number + 1) * len(text) // pieces])
                time.sleep(0.02)
        found = b"".join(iter(lambda: client.recv(65_536), b""))

    assert found.count(b"HTTP/1.1 200 OK") == 3
    assert found.count(b"x-prediction-id: ") == 3


def test_a_head_without_end_is_refused(service: Running) -> None:
    head = b"GET /model HTTP/1.1\r\n" + b"x: y\r\n" * MOST_HEAD_BYTES

    with socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS) as client:
        client.sendall(head[: MOST_HEAD_BYTES + 1])  # no more: it would be unread, and cut the answer off
        found = b"".join(iter(lambda: client.recv(65_536), b""))

    assert found.startswith(b"HTTP/1.1 400 ")
    assert b"The head of the request is too large." in found
    assert service.ask(path="/model")[0] == 200
