"""The service as a process of its own, and what a test can ask of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from goldenpath.serving.rest.health import is_ready
from tests.serving.fork_server import ForkServer, Process

PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Running:
    """A service that was started: its process, its port, and the file that has its log."""

    process: subprocess.Popen[bytes] | Process
    port: int
    said: Path

    def ask(self, body: Any = None, path: str = "/predict", **headers: str) -> tuple[int, dict[str, str], Any]:
        """Status, headers and decoded answer: POST where there is a body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            if body is None:
                connection.request("GET", path, headers=headers)
            else:
                content = body if isinstance(body, bytes) else json.dumps(body)
                connection.request("POST", path, content, {"Content-Type": "application/json"} | headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            is_json = (answer.getheader("Content-Type") or "").startswith("application/json")
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, json.loads(text) if is_json else text
        finally:
            connection.close()

    def logged(self) -> list[dict[str, Any]]:
        """What it has written to standard output so far."""
        lines = self.said.read_text().split("\n")[:-1]  # the last one may still be on its way
        return [json.loads(line) for line in lines if line.startswith("{")]

    def told(self, message: str) -> dict[str, Any]:
        """The first line of the log with a message, waited for."""
        until(lambda: any(line["message"] == message for line in self.logged()))
        return next(line for line in self.logged() if line["message"] == message)

    def under_way(self) -> int:
        """How many requests are being answered; this one is not among them."""
        shown: str = self.ask(path="/metrics")[2]
        return int(float(shown.partition("\nhttp_requests_in_progress ")[2].partition("\n")[0]))

    def memory_mib(self) -> float:
        """Its resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) / 1024


Start = Callable[..., Running]
TellFault = Callable[..., None]
Serve = Callable[..., TestClient]


def until(is_so: Callable[[], bool]) -> None:
    """Wait for a state, patiently."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def launch(port: int, said: Path, **variables: str) -> subprocess.Popen[bytes]:
    """Start the service in the working directory, as people do."""
    command = [sys.executable, "-m", "goldenpath", "serve", "--port", str(port)]
    with said.open("wb") as output:
        return subprocess.Popen(command, env=os.environ | variables, stdout=output, stderr=subprocess.STDOUT)


@contextmanager
def running(
    fork_server: ForkServer, folder: Path, said: Path, *, code: str = "", is_fork: bool = True, **variables: str
) -> Iterator[Running]:
    """The service, ready; at the end it is killed.

    Args:
        fork_server: What it is forked from.
        folder: Its working directory.
        said: The file for its log.
        code: What it runs first.
        is_fork: False where it must start as people start it, in the working directory.
        variables: Its settings.
    """
    port = free_port()
    forked = {"folder": folder, "output": said, "code": code}
    if is_fork:
        process = fork_server.start("serve", "--port", port, **forked, **variables)
    else:
        process = launch(port, said, **variables)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_ready(port):
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.02)
        yield Running(process, port, said)
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)
