"""Events beside a real Redis: the generated project's own tests, and its target."""

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

EXAMPLE = """
import json
from flight_delays import contract
from flight_delays.serving.request import example_row
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
        streams.send(port, number, row)
    environment = os.environ | {"EVENTS_REDIS": f"redis://127.0.0.1:{port}/0", "METRICS_PORT": "0"}
    environment |= {"EVENTS_IDLE_SECONDS": "1", "EVENTS_COUNT": "1"}
    command = ["make", "consume", f"LOG={tmp_path / 'log'}"]

    killed = subprocess.Popen(command, cwd=walked, env=environment, start_new_session=True)
    streams.await_answers(port, 5)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    again = subprocess.Popen(command, cwd=walked, env=environment, start_new_session=True)
    streams.await_answers(port, 30)
    os.killpg(again.pid, signal.SIGTERM)
    again.wait(timeout=streams.SECONDS)

    assert sorted(int(answer["asked"]["id"]) for answer in streams.answers(port)) == list(range(30))
    assert streams.ask(port, "XPENDING", "predict", "predictor").splitlines()[0] == "0"
