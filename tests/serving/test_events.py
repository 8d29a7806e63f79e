"""The consumer as a process of its own, beside a real Redis."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from goldenpath.model.predictor import Predictor
from goldenpath.project import contract
from goldenpath.project.exit_codes import Exit
from goldenpath.serving.prediction_log import Privacy
from goldenpath.serving.rest.request import example_row
from tests.command import goldenpath
from tests.sample import ROOT
from tests.serving.fork_server import ForkServer, Process
from tests.serving.redis_server import RedisServer, is_installed
from tests.serving.running_service import PATIENCE_SECONDS, TellFault, until

pytestmark = pytest.mark.skipif(not is_installed(), reason="needs a Redis server: apt install redis-server")

CONTRACT = contract.load(ROOT / contract.PATH)
ROW = example_row(CONTRACT)
MANIFEST = "serving: [rest, batch, events]\n"


Consume = Callable[..., Process]


@contextmanager
def redis_in(folder: Path) -> Iterator[RedisServer]:
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def consuming(
    fork_server: ForkServer, server: RedisServer, folder: Path, said: Path, code: str = "", **settings: str
) -> Iterator[Process]:
    """A consumer that runs in a folder; at the end it is killed."""
    given = {"EVENTS_REDIS": server.url, "EVENTS_IDLE_SECONDS": "0.5", "METRICS_PORT": "0", "PREDICTION_LOG": "log"}
    process = fork_server.start("consume", folder=folder, output=said, code=code, **given | settings)
    try:
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_in(tmp_path / "redis") as found:
        yield found


@pytest.fixture
def serving_events(project: Path) -> Path:
    """The project, which says that it serves events."""
    (project / "golden-path.yaml").write_text(MANIFEST)
    return project


@pytest.fixture
def start(server: RedisServer, serving_events: Path, fork_server: ForkServer) -> Iterator[Consume]:
    """Starts a consumer, with settings that the test asks for."""
    numbers = count()
    with ExitStack() as stack:

        def begin(**asked: Any) -> Process:
            said = serving_events / f"said-{next(numbers)}"
            return stack.enter_context(consuming(fork_server, server, serving_events, said, **asked))

        yield begin


@pytest.fixture(scope="module")
def working(
    trained: Path, fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RedisServer, Path]]:
    """A Redis, and the log of a consumer beside it, for all tests that only send and read."""
    folder = tmp_path_factory.mktemp("events")
    shutil.copytree(trained, folder / "project")
    (folder / "project" / "golden-path.yaml").write_text(MANIFEST)
    with (
        redis_in(folder / "redis") as server,
        consuming(fork_server, server, folder / "project", folder / "said", PREDICTION_LOG=str(folder / "log")),
    ):
        yield server, folder / "log"


@pytest.fixture
def shared(working: tuple[RedisServer, Path]) -> RedisServer:
    """The Redis of the consumer that all share, with nothing answered yet."""
    server, _ = working
    until(lambda: groups(server) > 0)
    for stream in ("predict", "predictions", "predict-dead-letters"):
        server.client.xtrim(stream, 0)
    if marks := server.client.keys("predictions:answered:*"):
        server.client.delete(*marks)
    return server


def groups(server: RedisServer) -> int:
    return len(server.client.xinfo_groups("predict")) if server.client.exists("predict") else 0


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
    return [fields for _, fields in server.client.xrange("predict-dead-letters")]


def records(folder: Path = Path("log")) -> list[dict[str, Any]]:
    return [json.loads(line) for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]


def logged() -> set[str]:
    return {found["id"] for found in records()}


def answered(server: RedisServer, more: int) -> None:
    """Return as soon as there are so many more answers than now: those that are left must not all come meanwhile."""
    aim = server.client.xlen("predictions") + more
    deadline = time.monotonic() + PATIENCE_SECONDS
    while server.client.xlen("predictions") < aim:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def pending(server: RedisServer) -> int:
    return int(server.client.xpending("predict", "predictor")["pending"])


def test_every_event_is_answered_logged_and_acknowledged_and_a_stop_is_clean(
    server: RedisServer, start: Consume
) -> None:
    send(server, range(150))
    consumer = start()

    until(lambda: len(answers(server)) >= 150)
    for _ in range(20):  # `make` and a terminal send it twice, and one handler interrupts the other
        consumer.send_signal(signal.SIGTERM)
    assert consumer.wait(timeout=PATIENCE_SECONDS) == 0

    found = answers(server)
    expected = Predictor.load().predict_one(ROW)
    assert asked(found) == list(range(150))
    assert {(item["data"]["decision"], item["data"]["score"]) for item in found} == {
        (expected.decision, expected.score)
    }
    assert logged() == {item["id"] for item in found}
    assert pending(server) == 0
    assert server.client.xinfo_consumers("predict", "predictor") == []


def test_the_same_event_sent_twice_is_answered_once(shared: RedisServer) -> None:
    send(shared, range(5))
    until(lambda: len(answers(shared)) == 5)

    send(shared, range(7))

    until(lambda: len(answers(shared)) >= 7 and pending(shared) == 0)
    assert asked(answers(shared)) == list(range(7))


def test_kill_9_in_the_middle_loses_and_doubles_nothing(
    server: RedisServer, start: Consume, tell_fault: TellFault
) -> None:
    rows = 600
    send(server, range(rows))
    for _ in range(3):
        consumer = start(EVENTS_COUNT="5")
        answered(server, more=30)
        consumer.kill()
        assert consumer.wait(PATIENCE_SECONDS) == -signal.SIGKILL
        assert len(answers(server)) < rows

    begun = time.monotonic()
    left = rows - len(answers(server))
    start()
    until(lambda: len(answers(server)) >= rows and pending(server) == 0)
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
    server: RedisServer, start: Consume, project: Path, tell_fault: TellFault
) -> None:
    rows = 400
    send(server, range(rows - 100))
    consumer = start(EVENTS_COUNT="20")
    answered(server, more=21)
    consumer.send_signal(signal.SIGSTOP)  # in the middle of whatever it does, and with more to do than it has done
    send(server, range(rows - 100, rows))

    server.stop()
    consumer.send_signal(signal.SIGCONT)
    until(lambda: "Waiting for Redis" in (project / "said-0").read_text())
    server.start()
    begun, before = time.monotonic(), len(answers(server))
    assert before < rows
    answered(server, more=1)
    seconds = time.monotonic() - begun

    until(lambda: len(answers(server)) >= rows and pending(server) == 0)
    assert asked(answers(server)) == list(range(rows))
    assert consumer.poll() is None
    tell_fault(
        "Redis stopped and started, under the consumer",
        seen="answers come later; the consumer lives on",
        lost=f"nothing, nothing doubled, of {rows} events",
        seconds=seconds,
    )


def test_a_redis_that_comes_back_empty_is_answered_again(shared: RedisServer) -> None:
    send(shared, range(3))
    until(lambda: len(answers(shared)) == 3)

    shared.client.flushall()
    send(shared, range(3))

    until(lambda: len(answers(shared)) == 3)


def test_what_can_never_be_answered_goes_to_the_dead_letters_with_its_reason(shared: RedisServer) -> None:
    required = next(column for column in CONTRACT.features if column.required)
    bad = event(1, **{required.name: None})
    shared.client.xadd("predict", {"event": b"{"})
    shared.client.xadd("predict", {"event": bad})
    shared.client.xadd("predict", {"other": b"field"})
    for name in ("id", "source", "subject"):
        shared.client.xadd("predict", {"event": event(2, {name: "half \ud800"})})
    shared.client.xadd("predict", {"event": event(3, **{"half \ud800": 1})})
    send(shared, range(1))

    until(lambda: len(dead(shared)) == 7 and len(answers(shared)) == 1)
    found = dead(shared)
    assert [name for name in ("id", "source", "subject") if half(name) in [item[b"reason"] for item in found]] == [
        "id", "source", "subject",
    ]  # fmt: skip
    assert found[0][b"event"] == b"{"
    assert b"not JSON" in found[0][b"reason"]
    assert found[1][b"event"] == bad.encode()
    assert f"{required.name} must be present" in found[1][b"reason"].decode()
    assert pending(shared) == 0


def half(name: str) -> bytes:
    return f"{name} is 'half \\ud800', which holds half a character".encode()


@pytest.mark.skipif(CONTRACT.entity is None, reason="the contract names no entity")
def test_a_row_names_whom_it_is_about_as_in_a_request(shared: RedisServer, working: tuple[RedisServer, Path]) -> None:
    assert CONTRACT.entity is not None
    name, whom = CONTRACT.entity.name, json.loads(json.dumps(CONTRACT.entity.example, default=str))
    shared.client.xadd("predict", {"event": event(70, **{name: whom})})
    shared.client.xadd("predict", {"event": event(71, {"subject": "said"}, **{name: whom})})

    until(lambda: len(answers(shared)) + len(dead(shared)) == 2)
    assert dead(shared) == []
    kept = Privacy(CONTRACT, None)
    told = {found["request"]: found["entity"] for found in records(working[1])}
    assert (told["e-70"], told["e-71"]) == (kept.entity(whom), kept.entity("said"))


ENDED_LOG = """
from goldenpath.serving.prediction_log import PredictionLog

def fail(*_):
    raise RuntimeError("never thought of")

PredictionLog._line = fail
"""


def test_a_log_whose_thread_has_ended_ends_the_consumer_and_the_event_stays(
    server: RedisServer, start: Consume, project: Path
) -> None:
    send(server, range(1))

    consumer = start(code=ENDED_LOG)

    assert consumer.wait(PATIENCE_SECONDS) == 1
    said = (project / "said-0").read_text()
    assert "the prediction log has ended" in said
    assert "Traceback" not in said
    assert (answers(server), dead(server), pending(server)) == ([], [], 1)


POISON = """
import os, signal, sys
from goldenpath.model.predictor import Predictor

real = Predictor.predict

def predict(self, rows):
    if any(row[{name!r}] == {value!r} for row in rows):
        {deed}
    return real(self, rows)

Predictor.predict = predict
"""
DIE = "os.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.parametrize(("deed", "retries"), [(DIE, 1), (DIE, 2), ("raise MemoryError", 1)])
def test_an_event_that_fails_again_and_again_goes_to_the_dead_letters_alone(
    server: RedisServer, start: Consume, deed: str, retries: int
) -> None:
    column = next(column for column in CONTRACT.features if column.name in POISONOUS)
    server.client.xadd("predict", {"event": event(99, **{column.name: POISONOUS[column.name]})})
    send(server, range(20))
    code = POISON.format(name=column.name, value=POISONOUS[column.name], deed=deed)

    def is_done() -> bool:
        return bool(dead(server)) and len(answers(server)) >= 20

    starts = 0
    while not is_done():
        consumer = start(code=code, EVENTS_IDLE_SECONDS="0.3", EVENTS_RETRIES=str(retries))
        starts += 1
        until(lambda consumer=consumer: consumer.poll() is not None or is_done())
        assert starts <= 2 * (retries + 1)

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
    server: RedisServer, start: Consume, unused_port: int
) -> None:
    consumer = start(METRICS_PORT=str(unused_port))
    until(lambda: lag(unused_port) == 0)
    assert metric(unused_port, "model_trained_timestamp_seconds{") > 0

    consumer.send_signal(signal.SIGSTOP)
    send(server, range(1))
    server.stop()
    consumer.send_signal(signal.SIGCONT)
    until(lambda: lag(unused_port) > 0.5)

    server.start()
    until(lambda: lag(unused_port) == 0 and len(answers(server)) == 1)


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


def test_a_setting_that_cannot_be_used_ends_it_with_one_line(
    serving_events: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTS_RETRIES", "many")

    outcome = goldenpath("consume", "--log", "off")

    assert outcome.exit_code == Exit.FAILED
    assert outcome.stderr == "consume failed.\nEVENTS_RETRIES=many: want a number above 0.\n"


def test_a_product_without_events_consumes_none(project: Path) -> None:
    (project / "golden-path.yaml").write_text("serving: [rest, batch]\n")

    outcome = goldenpath("consume")

    assert outcome.exit_code == Exit.FAILED
    assert "golden-path.yaml names none under serving" in outcome.stderr
