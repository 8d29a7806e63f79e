"""Ask the real service one question: the contract's example row, over HTTP, on a free port of loopback."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
from contextlib import redirect_stdout
from typing import Any
from urllib.request import Request, urlopen

import uvicorn

from goldenpath.project import contract
from goldenpath.project.errors import ProjectError
from goldenpath.serving.rest.app import create_app
from goldenpath.serving.rest.request import example_row
from goldenpath.serving.settings import Settings

START_SECONDS = 30


def ask(row: dict[str, Any]) -> dict[str, Any]:
    """Start the service, post one row to ``/predict``, stop the service.

    Returns:
        The service's answer.

    Raises:
        ProjectError: The model or the contract cannot be used, or the service did not start in time.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    service = create_app(Settings())
    server = uvicorn.Server(uvicorn.Config(service, log_config=None, log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if time.monotonic() > deadline:
            raise ProjectError(f"The service did not start within {START_SECONDS} seconds.")
        time.sleep(0.01)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/predict"
    request = Request(url, json.dumps(row).encode(), {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=10) as response:  # noqa: S310  # the URL is our own, http on loopback
            answer: dict[str, Any] = json.load(response)
    finally:
        server.should_exit = True
        thread.join()
    return answer


def ask_once() -> str:
    """The contract's example row and the service's response to it, as JSON.

    Raises:
        ProjectError: The model or the contract cannot be used, or the service did not start in time.
    """
    row = example_row(contract.load())
    with redirect_stdout(io.TextIOWrapper(io.BytesIO())):  # the service's own log, which nobody asked for
        response = ask(row)
    return json.dumps({"request": row, "response": response}, indent=2, default=str)
