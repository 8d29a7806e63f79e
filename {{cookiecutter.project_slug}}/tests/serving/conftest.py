"""The real service, inside the process and as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from running_service import PATIENCE_SECONDS, Running, Serve, Start, TellFault, free_port, launch

from {{ cookiecutter.package_name }} import contract
from {{ cookiecutter.package_name }}.serving.health import is_ready
from {{ cookiecutter.package_name }}.serving.request import example_row
from {{ cookiecutter.package_name }}.serving.rest import create_app
from {{ cookiecutter.package_name }}.serving.settings import Settings


@pytest.fixture
def tell_fault(request: pytest.FixtureRequest) -> TellFault:
    """Keeps what came of a fault as a line of JSON, in the file that FAULT_FACTS names: a table is made from them."""

    def tell(fault: str, *, seen: str, lost: str, seconds: float | None) -> None:
        told = {"fault": fault, "seen": seen, "lost": lost, "seconds": seconds, "test": request.node.nodeid}
        if facts := os.environ.get("FAULT_FACTS"):
            with Path(facts).open("a") as file:
                file.write(json.dumps(told) + "\n")

    return tell


@pytest.fixture
def start(project: Path) -> Iterator[Start]:
    """Starts the real service, and waits until it is ready."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(**variables: str) -> Running:
        port = free_port()
        said = project / f"said-{len(started)}"
        process = launch(port, said, **variables)
        started.append(process)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_ready(port):
            assert process.poll() is None and time.monotonic() < deadline, said.read_text()
            time.sleep(0.02)
        return Running(process, port, said)

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def row(trained: Path) -> dict[str, Any]:
    """The contract's example row, as JSON has it."""
    agreed = contract.load(trained / contract.PATH)
    found: dict[str, Any] = json.loads(json.dumps(example_row(agreed), default=str))
    return found


@pytest.fixture
def serve(inside: Path) -> Iterator[Serve]:
    """Makes a client of a service inside this process, with settings as the test asks."""
    clients: list[TestClient] = []

    def make(**settings: Any) -> TestClient:
        client = TestClient(create_app(Settings(**settings)))
        client.__enter__()
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(serve: Serve) -> TestClient:
    """A client of a service that runs as it does on a laptop."""
    return serve()
