"""How answers go over the wire."""

from __future__ import annotations

import socket

from running_service import PATIENCE_SECONDS, Start


def exchange(port: int, *requests: str) -> bytes:
    """All that comes back to requests that are sent at once; the last one closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as client:
        client.sendall("".join(f"{request}\r\nHost: x\r\n\r\n" for request in requests).encode())
        return b"".join(iter(lambda: client.recv(65_536), b""))


def test_answers_come_whole_and_in_order_however_they_are_asked_for(start: Start) -> None:
    service = start()
    get, head, last = "GET /model HTTP/1.1", "HEAD /healthz HTTP/1.1", "GET /readyz HTTP/1.1\r\nConnection: close"

    several = exchange(service.port, get, last)
    without_body = exchange(service.port, head, last)
    garbage = exchange(service.port, last.replace("HTTP/1.1", "HTTX/9"))

    assert [part[:3] for part in several.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200"]
    assert several.index(b'"task"') < several.index(b'{"status":"ready"}')
    assert [part[:3] for part in without_body.split(b"HTTP/1.1 ")[1:]] == [b"405", b"200"]
    assert garbage.startswith(b"HTTP/1.1 400 ")
