"""The real service as a process of its own, as in production: callers have to prove who they are, all is logged."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from goldenpath.project.errors import ProjectError
from goldenpath.serving.rest.api_key import made
from goldenpath.serving.rest.health import is_ready

START_SECONDS = 30.0
STOP_SECONDS = 30.0
ANSWER_SECONDS = 10.0
KEY_HEADER = "X-API-Key"


@dataclass(frozen=True)
class LocalService:
    """A service that runs on loopback.

    Attributes:
        port: Where it answers.
        key: A key that it knows.
        log: The folder of its prediction log.
    """

    port: int
    key: str
    log: Path

    @property
    def url(self) -> str:
        """Where it answers, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> tuple[int, bytes]:
        """Status and content of an answer.

        Raises:
            ProjectError: There is none.
        """
        connection = HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        headers = {} if key is None else {KEY_HEADER: key}
        content = None if body is None else json.dumps(body, default=str)
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException) as error:
            raise ProjectError(f"{method} {path} is not answered: {error}") from error
        finally:
            connection.close()


@contextmanager
def running(log: Path | None = None) -> Iterator[LocalService]:
    """A service with one key and a prediction log of its own, on a free port, until the end of the block.

    Args:
        log: Where the prediction log stays; None keeps none.

    Raises:
        ProjectError: It does not start; what it said last is told.
    """
    with tempfile.TemporaryDirectory(prefix="service-") as folder:
        keys, said = Path(folder, "keys"), Path(folder, "said")
        log = log or Path(folder, "predictions")
        key, line = made("check")
        keys.write_text(line + "\n", encoding="utf-8")
        hashing = Path(folder, "hashing")
        hashing.write_text(secrets.token_hex(32), encoding="utf-8")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = int(listener.getsockname()[1])
        variables = {
            "ENVIRONMENT": "prod",
            "AUTH": "api-key",
            "API_KEYS_FILE": str(keys),
            "PREDICTION_LOG": str(log),
            "PREDICTION_LOG_KEY_FILE": str(hashing),
            "DRAIN_SECONDS": "0",
        }
        command = [sys.executable, "-m", "goldenpath", "serve", "--port", str(port)]
        with said.open("wb") as output:
            process = subprocess.Popen(command, env=os.environ | variables, stdout=output, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not is_ready(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    words = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
                    raise ProjectError(f"The service does not start. It said: {' '.join(words) or 'nothing'}")
                time.sleep(0.05)
            yield LocalService(port, key, log)
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
