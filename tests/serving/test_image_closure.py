"""What the serving image may hold: neither what trains nor what reads tables."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sample import ROOT
from tests.serving.fork_server import ForkServer
from tests.serving.redis_server import RedisServer, is_installed
from tests.serving.running_service import PATIENCE_SECONDS, running, until

TRAINING_ONLY = {"pandas", "sklearn", "pyarrow", "skl2onnx", "skops", "dvc", "cookiecutter"}
"""Packages that the serving image does not hold, by what Python imports them as."""
SERVED = ("metrics", "cache", "rest.app", "rest.server", "rest.health", "batch.command", "events.consumer")
LISTED = {"PYTHONPROFILEIMPORTTIME": "1"}
"""Has Python list every import on standard error, as ``import time: self | cumulative | name``."""


def packages(listing: str) -> set[str]:
    """The first names of what Python lists as imported."""
    lines = (line for line in listing.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize("module", SERVED)
def test_serving_modules_import_nothing_of_training(module: str) -> None:
    command = [sys.executable, "-c", f"import goldenpath.cli.serve, goldenpath.serving.{module}"]

    listing = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | LISTED).stderr

    assert "goldenpath" in packages(listing)
    assert packages(listing) & TRAINING_ONLY == set()


def test_the_verb_serve_imports_nothing_of_training(project: Path, fork_server: ForkServer, row: Any) -> None:
    with running(fork_server, project, project / "said", is_fork=False, **LISTED) as service:
        assert service.ask(row)[0] == 200

    imported = packages((project / "said").read_text())
    assert "uvicorn" in imported
    assert imported & TRAINING_ONLY == set()


@pytest.mark.skipif(not is_installed(), reason="needs a Redis server: apt install redis-server")
def test_the_verb_consume_imports_nothing_of_training(project: Path) -> None:
    (project / "golden-path.yaml").write_text("serving: [rest, batch, events]\n")
    said = project / "said"
    server = RedisServer(project / "redis")
    server.start()
    variables = os.environ | LISTED | {"EVENTS_REDIS": server.url, "METRICS_PORT": "0"}
    command = [sys.executable, "-m", "goldenpath", "consume", "--log", "off"]

    with said.open("wb") as output:
        consumer = subprocess.Popen(command, env=variables, stdout=output, stderr=output)
    try:
        until(lambda: consumer.poll() is not None or "Answering predict" in said.read_text())
    finally:
        consumer.kill()
        consumer.wait(PATIENCE_SECONDS)
        server.stop()

    imported = packages(said.read_text())
    assert "redis" in imported
    assert imported & TRAINING_ONLY == set()


def test_the_serving_lock_holds_nothing_of_training() -> None:
    lines = (ROOT / "requirements" / "serve.txt").read_text().splitlines()

    locked = {line.split("==")[0] for line in lines if "==" in line}

    assert {"onnxruntime", "goldenpath"} <= locked
    assert {"pandas", "scikit-learn", "pyarrow", "skl2onnx", "skops", "dvc"} & locked == set()


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_every_locked_requirement_is_pinned_with_hashes(lock: Path) -> None:
    lines = lock.read_text().replace("\\\n", " ").splitlines()
    named = [line for line in lines if line and not line.lstrip().startswith("#")]

    requirements = [line for line in named if line != "--find-links ../vendor"]

    assert requirements
    assert [line for line in requirements if "==" not in line or "--hash=sha256:" not in line] == []
