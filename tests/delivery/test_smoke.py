from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import chain, repeat

import pytest

from goldenpath.delivery import smoke
from goldenpath.project.errors import ProjectError

OLD, NEW = "aa" * 32, "bb" * 32


@contextmanager
def service(models: Iterator[str], seen: Callable[[Message], None] = lambda _: None) -> Iterator[str]:
    """A service that answers each request by the next model; an empty one is an answer of 503."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name is http.server's
            seen(self.headers)
            self.rfile.read(int(self.headers["Content-Length"]))
            model = next(models)
            body = json.dumps({"model": model}).encode()
            self.send_response(200 if model else 503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoke, "PAUSE", 0.01)


def test_waits_until_the_promoted_model_answers_every_time() -> None:
    canary = chain(["", OLD, *[OLD, NEW] * 10], repeat(NEW))

    with service(canary) as url:
        seen = smoke.answers(url, NEW, {"x": 1}, seconds=20)

    assert seen == smoke.STEADY


@pytest.mark.parametrize(
    ("variable", "header", "value"),
    [("SERVICE_KEY", "X-API-Key", "secret"), ("SERVICE_TOKEN", "Authorization", "Bearer secret")],
)
def test_it_says_who_it_is(monkeypatch: pytest.MonkeyPatch, variable: str, header: str, value: str) -> None:
    monkeypatch.setenv(variable, "secret")
    given: list[str | None] = []

    with service(repeat(NEW), seen=lambda headers: given.append(headers[header])) as url:
        smoke.answers(url, NEW, {"x": 1}, seconds=20)

    assert set(given) == {value}


def test_a_model_that_does_not_arrive_fails_and_says_which_one_answers() -> None:
    with service(repeat(OLD)) as url, pytest.raises(ProjectError, match="the model aaaaaaaaaaaa answered"):
        smoke.answers(url, NEW, {"x": 1}, seconds=0.2)


def test_a_service_that_is_down_fails_with_its_own_words() -> None:
    with pytest.raises(ProjectError, match="refused"):
        smoke.answers("http://127.0.0.1:9", NEW, {"x": 1}, seconds=0.1)


@pytest.mark.parametrize("url", ["", "model.example.com", "file:///etc/passwd"])
def test_invalid_url_is_refused(url: str) -> None:
    with pytest.raises(ProjectError, match="want the address of the service"):
        smoke.answers(url, NEW, {"x": 1}, seconds=1)
