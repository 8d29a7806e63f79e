"""The consumer as a process of its own, beside a real Redis."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from redis_server import RedisServer, is_installed
from running_service import TellFault

from {{ cookiecutter.package_name }} import contract
from {{ cookiecutter.package_name }}.model.predictor import Predictor
from {{ cookiecutter.package_name }}.serving.prediction_log import Privacy
from {{ cookiecutter.package_name }}.serving.request import example_row

pytestmark = pytest.mark.skipif(not is_installed(), reason="needs a Redis server: apt install redis-server")

PACKAGE = contract.__name__.rpartition(".")[0]
SECONDS = 30
CONTRACT = contract.load(Path(__file__).parents[2] / contract.PATH)
ROW = example_row(CONTRACT)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def start(server: RedisServer, project: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a consumer, with settings that the test asks for."""
    started: list[subprocess.Popen[str]] = []

    def begin(**settings: str) -> subprocess.Popen[str]:
        environment = environment_of(server) | {"EVENTS_IDLE_SECONDS": "0.5", "PREDICTION_LOG": "log"} | settings
        process = subprocess.Popen(
            [sys.executable, "-m", f"{PACKAGE}.serving.events"], env=environment, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


def event(number: int, said: Mapping[str, Any] | None = None, **changes: Any) -> str:
    row = ROW | changes
    asked = {"specversion": "1.0", "id": f"e-{number}", "source": "/tests", "type": "asked", "data": row}
    return json.dumps(asked | dict(said or {}), default=str)


def send(server: RedisServer, numbers: range) -> None:
    with server.client.pipeline() as pipeline:
        for number in numbers:
            pipeline.xadd("predict", {"event": event(number)})
        pipeline.execute()


def answers(server: RedisServer) -> list[dict[str, Any]]:
    return [json.loads(fields[b"event"]) for _, fields in server.client.xrange("predictions")]


def asked(found: list[dict[str, Any]]) -> list[int]:
    return sorted(int(item["data"]["asked"]["id"].removeprefix("e-")) for item in found)


def dead(server: RedisServer) -> list[dict[bytes, bytes]]:
    return [fields for _, fields in server.client.xrange("predict-dead")]


def records(folder: Path = Path("log")) -> list[dict[str, Any]]:
    return [json.loads(line) for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]


def logged() -> set[str]:
    return {found["id"] for found in records()}


def await_(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def pending(server: RedisServer) -> int:
    return int(server.client.xpending("predict", "predictor")["pending"])


def test_every_event_is_answered_logged_and_acknowledged_and_a_stop_is_clean(
    server: RedisServer, start: Callable[..., subprocess.Popen[str]]
) -> None:
    send(server, range(150))
    consumer = start()

    await_(lambda: len(answers(server)) >= 150)
    for _ in range(20):  # `make` and a terminal send it twice, and one handler interrupts the other
        consumer.send_signal(signal.SIGTERM)
    assert consumer.wait(timeout=SECONDS) == 0

    found = answers(server)
    expected = Predictor.load().predict_one(ROW)
    assert asked(found) == list(range(150))
    assert {(item["data"]["decision"], item["data"]["score"]) for item in found} == {
        (expected.decision, expected.score)
    }
    assert logged() == {item["id"] for item in found}
    assert pending(server) == 0
    assert server.client.xinfo_consumers("predict", "predictor") == []


def test_the_same_event_sent_twice_is_answered_once(
    server: RedisServer, start: Callable[..., subprocess.Popen[str]]
) -> None:
    start()
    send(server, range(5))
    await_(lambda: len(answers(server)) == 5)

    send(server, range(7))

    await_(lambda: len(answers(server)) >= 7 and pending(server) == 0)
    assert asked(answers(server)) == list(range(7))


def test_kill_9_in_the_middle_loses_and_doubles_nothing(
    server: RedisServer, start: Callable[..., subprocess.Popen[str]], tell_fault: TellFault
) -> None:
    rows = 600
    send(server, range(rows))
    for part in (1, 2, 3):
        consumer = start(EVENTS_COUNT="10")
        await_(lambda part=part: len(answers(server)) > part * rows // 6)
        consumer.kill()
        consumer.wait()
    assert len(answers(server)) < rows

    begun = time.monotonic()
    left = rows - len(answers(server))
    start()
    await_(lambda: len(answers(server)) >= rows and pending(server) == 0)
    seconds = time.monotonic() - begun

    found = answers(server)
    assert asked(found) == list(range(rows))
    assert logged() == {item["id"] for item in found}
    assert dead(server) == []
    tell_fault(
        "kill -9 of the consumer, three times",
        seen=f"answers come later: the next one took {left} events over, and was done with them",
        lost=f"nothing, nothing doubled, of {rows} events",
        seconds=seconds,
    )


def test_redis_is_stopped_and_started_and_nothing_is_lost_or_doubled(
    server: RedisServer, start: Callable[..., subprocess.Popen[str]], tell_fault: TellFault
) -> None:
    rows = 400
    send(server, range(rows))
    consumer = start(EVENTS_COUNT="20")
    await_(lambda: len(answers(server)) > 20)

    server.stop()
    time.sleep(0.5)
    server.start()
    begun, before = time.monotonic(), len(answers(server))
    await_(lambda: len(answers(server)) > before)
    seconds = time.monotonic() - begun

    await_(lambda: len(answers(server)) >= rows and pending(server) == 0)
    assert asked(answers(server)) == list(range(rows))
    assert consumer.poll() is None
    tell_fault(
        "Redis stopped and started, under the consumer",
        seen="answers come later; the consumer lives on",
        lost=f"nothing, nothing doubled, of {rows} events",
        seconds=seconds,
    )


def test_a_redis_that_comes_back_empty_is_answered_again(
    server: RedisServer, start: Callable[..., subprocess.Popen[str]]
) -> None:
    start()
    send(server, range(3))
    await_(lambda: len(answers(server)) == 3)

    server.client.flushall()
    send(server, range(3))

    await_(lambda: len(answers(server)) == 3)


def test_what_can_never_be_answered_goes_to_the_dead_with_its_reason(
    server: RedisServer, start: Callable[..., subprocess.Popen[str]]
) -> None:
    required = next(column for column in CONTRACT.features if column.required)
    bad = event(1, **{required.name: None})
    server.client.xadd("predict", {"event": b"{"})
    server.client.xadd("predict", {"event": bad})
    server.client.xadd("predict", {"other": b"field"})
    for name in ("id", "source", "subject"):
        server.client.xadd("predict", {"event": event(2, {name: "half \ud800"})})
    server.client.xadd("predict", {"event": event(3, **{"half \ud800": 1})})
    send(server, range(1))

    start()

    await_(lambda: len(dead(server)) == 7 and len(answers(server)) == 1)
    found = dead(server)
    assert [name for name in ("id", "source", "subject") if half(name) in [item[b"reason"] for item in found]] == [
        "id", "source", "subject",
    ]  # fmt: skip
    assert found[0][b"event"] == b"{"
    assert b"not JSON" in found[0][b"reason"]
    assert found[1][b"event"] == bad.encode()
    assert f"{required.name} must be present" in found[1][b"reason"].decode()
    assert pending(server) == 0


def half(name: str) -> bytes:
    return f"{name} is 'half \\ud800', which holds half a character".encode()


@pytest.mark.skipif(CONTRACT.entity is None, reason="the contract names no entity")
def test_a_row_names_whom_it_is_about_as_in_a_request(
    server: RedisServer, start: Callable[..., subprocess.Popen[str]]
) -> None:
    assert CONTRACT.entity is not None
    name, whom = CONTRACT.entity.name, json.loads(json.dumps(CONTRACT.entity.example, default=str))
    server.client.xadd("predict", {"event": event(0, **{name: whom})})
    server.client.xadd("predict", {"event": event(1, {"subject": "said"}, **{name: whom})})

    start()

    await_(lambda: len(answers(server)) + len(dead(server)) == 2)
    assert dead(server) == []
    kept = Privacy(CONTRACT, None)
    assert {found["request"]: found["entity"] for found in records()} == {
        "e-0": kept.entity(whom),
        "e-1": kept.entity("said"),
    }


ENDED_LOG = """
from {package}.serving import events
from {package}.serving.prediction_log import PredictionLog

def fail(*_):
    raise RuntimeError("never thought of")

PredictionLog._line = fail
events.main()
"""


def test_a_log_whose_thread_has_ended_ends_the_consumer_and_the_event_stays(server: RedisServer, project: Path) -> None:
    send(server, range(1))

    ended = subprocess.run(
        [sys.executable, "-c", ENDED_LOG.format(package=PACKAGE)],
        env=environment_of(server) | {"PREDICTION_LOG": str(project / "log")},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )

    assert ended.returncode == 1
    assert "the prediction log has ended" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert (answers(server), dead(server), pending(server)) == ([], [], 1)


def environment_of(server: RedisServer) -> dict[str, str]:
    path = os.pathsep.join(filter(None, sys.path))
    return os.environ | {"PYTHONPATH": path, "EVENTS_REDIS": server.url, "METRICS_PORT": "0"}


POISON = """
import os, signal, sys
from {package}.model.predictor import Predictor
from {package}.serving import events

real = Predictor.predict

def predict(self, rows):
    if any(row[{name!r}] == {value!r} for row in rows):
        {deed}
    return real(self, rows)

Predictor.predict = predict
events.main()
"""
DIE = "os.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.parametrize(("deed", "retries"), [(DIE, 1), (DIE, 2), ("raise MemoryError", 1)])
def test_an_event_that_fails_again_and_again_goes_to_the_dead_alone(
    server: RedisServer, start: Callable[..., subprocess.Popen[str]], deed: str, retries: int
) -> None:
    column = next(column for column in CONTRACT.features if column.name in POISONOUS)
    server.client.xadd("predict", {"event": event(99, **{column.name: POISONOUS[column.name]})})
    send(server, range(20))
    code = POISON.format(package=PACKAGE, name=column.name, value=POISONOUS[column.name], deed=deed)
    environment = environment_of(server) | {"EVENTS_IDLE_SECONDS": "0.3", "EVENTS_RETRIES": str(retries)}

    deadline = time.monotonic() + 2 * SECONDS
    while not dead(server) or len(answers(server)) < 20:
        assert time.monotonic() < deadline
        consumer = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL)
        while consumer.poll() is None and not (dead(server) and len(answers(server)) == 20):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        consumer.kill()
        consumer.wait()

    [found] = dead(server)
    assert json.loads(found[b"event"])["id"] == "e-99"
    assert found[b"reason"] == f"tried {retries + 1} times, and never came to an answer".encode()
    assert asked(answers(server)) == list(range(20))


POISONOUS = {
    column.name: column.maximum
    for column in CONTRACT.features
    if column.type in ("integer", "number") and column.maximum is not None and column.maximum != column.example
}


def test_the_lag_grows_while_nobody_can_answer_and_falls_to_zero(
    server: RedisServer, start: Callable[..., subprocess.Popen[str]], unused_port: int
) -> None:
    consumer = start(METRICS_PORT=str(unused_port))
    await_(lambda: lag(unused_port) == 0)
    assert metric(unused_port, "model_trained_timestamp_seconds{") > 0

    consumer.send_signal(signal.SIGSTOP)
    send(server, range(1))
    server.stop()
    consumer.send_signal(signal.SIGCONT)
    await_(lambda: lag(unused_port) > 0.5)

    server.start()
    await_(lambda: lag(unused_port) == 0 and len(answers(server)) == 1)


def lag(port: int) -> float:
    return metric(port, "event_lag_seconds ")


def metric(port: int, beginning: str) -> float:
    """A metric by how its line begins; -1 while the consumer does not show any."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as response:  # loopback
            text = response.read().decode()
    except OSError:
        return -1
    return float(next(line.split()[-1] for line in text.splitlines() if line.startswith(beginning)))


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_setting_that_cannot_be_used_ends_it_with_one_line(start: Callable[..., subprocess.Popen[str]]) -> None:
    consumer = start(EVENTS_RETRIES="many")

    _, told = consumer.communicate(timeout=SECONDS)

    assert consumer.returncode == 1
    assert told == "EVENTS_RETRIES=many: want a number above 0.\n"
