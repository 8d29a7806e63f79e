"""Events beside a real Redis, in a generated project."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.template import streams
from tests.template.generation import run

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walked")]

EVENTS = 1000
"""So many that a consumer is at them for longer than it takes to see its first answer and kill it."""

EXAMPLE = """
import json
from goldenpath.project import contract
from goldenpath.serving.rest.request import example_row
print(json.dumps(example_row(contract.load())))
"""


@pytest.fixture(scope="module", autouse=True)
def redis_tools() -> None:
    """The programs of Debian's packages."""
    if reason := streams.install():
        pytest.skip(reason)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a Redis server that keeps what it holds."""
    with streams.redis(tmp_path) as started:
        yield started


def test_consume_answers_stops_cleanly_and_loses_nothing_when_killed(walked: Path, port: int, tmp_path: Path) -> None:
    row = json.loads(run([".venv/bin/python", "-c", EXAMPLE], walked).stdout)
    streams.send(port, [row] * EVENTS)
    environment = os.environ | {"EVENTS_REDIS": f"redis://127.0.0.1:{port}/0", "METRICS_PORT": "0"}
    environment |= {"EVENTS_IDLE_SECONDS": "1", "EVENTS_COUNT": "1"}
    command = [".venv/bin/goldenpath", "consume", "--log", str(tmp_path / "log")]

    killed = subprocess.Popen(command, cwd=walked, env=environment, start_new_session=True)
    streams.await_first_answer(port)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    before = len(streams.answers(port))
    again = subprocess.Popen(command, cwd=walked, env=environment, start_new_session=True)
    streams.await_answers(port, EVENTS)
    again.send_signal(signal.SIGTERM)

    assert again.wait(timeout=streams.SECONDS) == 0
    assert 0 < before < EVENTS, "the kill came in the middle"
    assert sorted(int(answer["asked"]["id"]) for answer in streams.answers(port)) == list(range(EVENTS))
    assert streams.ask(port, "XPENDING", "predict", "predictor").splitlines()[0] == "0"
