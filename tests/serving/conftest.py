"""The real service, inside the process and as a process of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from goldenpath.project import contract
from goldenpath.serving.rest.app import create_app
from goldenpath.serving.rest.request import example_row
from goldenpath.serving.settings import Settings
from tests.serving.fork_server import ForkServer
from tests.serving.running_service import Running, Serve, Start, TellFault, running


@pytest.fixture
def tell_fault(request: pytest.FixtureRequest) -> TellFault:
    """Keeps what came of a fault as a line of JSON, in the file that FAULT_FACTS names: a table is made from them."""

    def tell(fault: str, *, seen: str, lost: str, seconds: float | None) -> None:
        told = {"fault": fault, "seen": seen, "lost": lost, "seconds": seconds, "test": request.node.nodeid}
        if facts := os.environ.get("FAULT_FACTS"):
            with Path(facts).open("a") as file:
                file.write(json.dumps(told) + "\n")

    return tell


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """What processes are forked from that need the service's modules."""
    server = ForkServer(["redis.asyncio", "goldenpath.cli", "goldenpath.serving.rest.server"])
    yield server
    server.end()


@pytest.fixture
def start(project: Path, fork_server: ForkServer) -> Iterator[Start]:
    """Starts the real service with settings that the test asks for, and waits until it is ready."""
    numbers = count()
    with ExitStack() as stack:

        def begin(**asked: Any) -> Running:
            return stack.enter_context(running(fork_server, project, project / f"said-{next(numbers)}", **asked))

        yield begin


@pytest.fixture(scope="module")
def service(trained: Path, fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The real service as on a laptop, for all tests of a file that only ask it."""
    with running(fork_server, trained, tmp_path_factory.mktemp("service") / "said") as found:
        yield found


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


@pytest.fixture(scope="module")
def shared_client(trained: Path) -> Iterator[TestClient]:
    """A client of a service as on a laptop, for all tests of a file that only ask it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(trained)
        service = create_app(Settings())
    with TestClient(service) as client:
        yield client


@pytest.fixture
def client(shared_client: TestClient, inside: Path) -> TestClient:
    """The same client, where the files are that its service has read."""
    return shared_client
