"""Events beside a real Redis: the generated project's own tests, and its target."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.template.generation import run

SECONDS = 60
EXAMPLE = """
import json
from flight_delays import contract
from flight_delays.serving.request import example_row
print(json.dumps(example_row(contract.load())))
"""


@pytest.fixture(scope="module")
def redis_tools() -> None:
    """Debian's redis-server, installed where it is missing."""
    if shutil.which("redis-server") and shutil.which("redis-cli"):
        return
    if os.geteuid() != 0:
        pytest.skip("installing redis-server needs root")
    for words in (["update"], ["install", "--yes", "--no-install-recommends", "redis-server"]):
        done = subprocess.run(
            ["apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=300", *words],
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def port(redis_tools: None, tmp_path: Path) -> Iterator[int]:  # noqa: ARG001  # installed before
    """The port of a Redis server that keeps what it holds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = int(listener.getsockname()[1])
    command = ["redis-server", "--port", str(free), "--bind", "127.0.0.1", "--dir", str(tmp_path), "--save", ""]
    server = subprocess.Popen([*command, "--appendonly", "yes"], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + SECONDS
    while ask(free, "PING") != "PONG":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield free
    server.terminate()
    server.wait(timeout=SECONDS)


def ask(port: int, *words: str) -> str:
    return subprocess.run(["redis-cli", "-p", str(port), *words], capture_output=True, text=True).stdout.strip()


@pytest.mark.usefixtures("redis_tools")
def test_the_projects_own_tests_with_redis_pass_and_are_not_skipped(walked: Path) -> None:
    tests = ["tests/serving/test_events.py", "tests/serving/test_cache.py"]

    done = run([".venv/bin/python", "-m", "pytest", "-q", "-rs", *tests], walked)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


def test_make_consume_answers_stops_cleanly_and_loses_nothing_when_killed(
    walked: Path, port: int, tmp_path: Path
) -> None:
    row = json.loads(run([".venv/bin/python", "-c", EXAMPLE], walked).stdout)
    for number in range(30):
        event = {"specversion": "1.0", "id": str(number), "source": "/tests", "type": "asked", "data": row}
        ask(port, "XADD", "predict", "*", "event", json.dumps(event))
    environment = os.environ | {"EVENTS_REDIS": f"redis://127.0.0.1:{port}/0", "METRICS_PORT": "0"}
    environment |= {"EVENTS_IDLE_SECONDS": "1", "EVENTS_COUNT": "1"}
    command = ["make", "consume", f"LOG={tmp_path / 'log'}"]

    killed = subprocess.Popen(command, cwd=walked, env=environment, start_new_session=True)
    await_answers(port, 5)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    again = subprocess.Popen(command, cwd=walked, env=environment, start_new_session=True)
    await_answers(port, 30)
    os.killpg(again.pid, signal.SIGTERM)
    again.wait(timeout=SECONDS)

    lines = [line for line in ask(port, "XRANGE", "predictions", "-", "+").splitlines() if line.startswith("{")]
    assert sorted(int(json.loads(line)["data"]["asked"]["id"]) for line in lines) == list(range(30))
    assert ask(port, "XPENDING", "predict", "predictor").splitlines()[0] == "0"


def await_answers(port: int, least: int) -> None:
    deadline = time.monotonic() + SECONDS
    while int(ask(port, "XLEN", "predictions") or 0) < least:
        assert time.monotonic() < deadline
        time.sleep(0.1)
