"""What goes wrong in production, with real processes: a kill, slow clients, too many of them, a changed model, a disk
without space, a clock that jumps. What came of each is told to whoever makes a table of it (``FAULT_FACTS``).
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPException
from itertools import groupby
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from goldenpath.monitoring import log
from goldenpath.project.paths import MODEL, SIGNATURE
from tests.serving.running_service import PATIENCE_SECONDS, Running, Start, TellFault, until

CALLERS = 4
WINDOW_SECONDS = 0.5
"""Within which the log may lag behind an answer: its own 0.05, and the patience that a busy machine asks for."""
OVERLOAD_SECONDS = float(os.environ.get("OVERLOAD_SECONDS", "1.5"))
"""Long enough to see that nothing piles up; a table of faults is made from a full minute."""
OVERLOADED = 40
"""Callers that keep asking, of which four are let in."""
MOST_MIB = 100
"""By which the service may grow while it is overloaded."""
DISK_BYTES = 1 << 20
UNREAD = 3000
"""Answers that no buffer of the network holds."""
GREEDY = 4
"""Clients that ask for so many."""
READ_SECONDS = 2
"""How long answers may lie unread."""
MANY = 1000
"""Rows of a request that fills the log quickly."""
MOST_UNWRITTEN = int(os.environ.get("MOST_UNWRITTEN", "10_000"))
"""Records that may wait for the disk; a table of faults is made with as many as in production."""
KIB_PER_RECORD = 2
"""Of a record that waits, at most."""
ALLOWANCE_MIB = 30
"""By which memory may grow besides."""
HEAVY = 200
"""Rows of a request that takes another thread a while."""
CLOCKS = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
DAY = 86_400


class Callers:
    """Threads that keep asking, and what they saw."""

    def __init__(self, service: Running, body: Any, number: int) -> None:
        self.seen: list[tuple[float, int, str]] = []
        self.answers: list[list[Any]] = [[] for _ in range(number)]
        """Of each thread, in the order in which they came."""
        self.failures: list[str] = []
        self._is_over = threading.Event()
        content = json.dumps(body).encode()
        self._threads = [threading.Thread(target=self._ask, args=(service, content, told)) for told in self.answers]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, service: Running, content: bytes, told: list[Any]) -> None:
        while not self._is_over.is_set():
            try:
                status, headers, answer = service.ask(content)
            except (OSError, HTTPException) as error:
                self.failures.append(repr(error))
                time.sleep(0.01)
                continue
            self.seen.append((time.monotonic(), status, headers.get("x-prediction-id", "")))
            if status == 200:
                told.append(answer)
            else:
                assert headers["retry-after"] == "1"
                time.sleep(0.01)


@pytest.fixture
def call() -> Iterator[Callable[..., Callers]]:
    """Has callers ask, until the test is over at the latest."""
    with ExitStack() as stack:

        def begin(*asked: Any) -> Callers:
            callers = Callers(*asked)
            stack.callback(callers.stop)
            return callers

        yield begin


def another_model() -> str:
    """Put a model of other scores in the place of the one that is there; its digest."""
    changed = onnx.load(MODEL)
    graph, scores = changed.graph, changed.graph.output[-1].name
    for node in graph.node:
        node.output[:] = ["former" if name == scores else name for name in node.output]
        node.input[:] = ["former" if name == scores else name for name in node.input]
    graph.initializer.append(helper.make_tensor("minuend", TensorProto.FLOAT, [1], [0.9]))
    graph.node.append(helper.make_node("Sub", ["minuend", "former"], [scores]))
    content = changed.SerializeToString()
    digest = hashlib.sha256(content).hexdigest()
    signature = json.loads(SIGNATURE.read_text()) | {"model_sha256": digest}
    MODEL.write_bytes(content)
    SIGNATURE.write_text(json.dumps(signature))
    return digest


def first_answer(service: Running, body: Any) -> float:
    """Seconds until the service answers as it should."""
    begun = time.monotonic()
    while service.ask(body)[0] != 200:
        assert time.monotonic() < begun + PATIENCE_SECONDS
        time.sleep(0.01)
    return time.monotonic() - begun


def test_a_kill_under_load_loses_no_record_beyond_the_window(
    start: Start, call: Callable[..., Callers], row: dict[str, Any], tmp_path: Path, tell_fault: TellFault
) -> None:
    folder = tmp_path / "log"
    service = start(PREDICTION_LOG=str(folder))
    callers = call(service, row, CALLERS)
    until(lambda: len(given_before(time.monotonic() - WINDOW_SECONDS, callers)) > 10 * CALLERS)

    service.process.kill()
    killed = time.monotonic()
    callers.stop()
    begun = time.monotonic()
    again = start(PREDICTION_LOG=str(folder))
    status, headers, _ = again.ask(row)
    seconds = time.monotonic() - begun
    with next(path for path in folder.iterdir() if path.stat().st_size).open("a") as segment:
        segment.write('{"id":"torn')
    until(lambda: headers["x-prediction-id"] in set(log.read(folder)["id"]))

    logged = set(log.read(folder)["id"])
    due = given_before(killed - WINDOW_SECONDS, callers)
    lost = [killed - timestamp for timestamp, _, name in callers.seen if name not in logged]
    assert status == 200
    assert len(due) > 10 * CALLERS
    assert due - logged == set()
    oldest = f", the oldest given {max(0.0, *lost) * 1000:.0f} ms before the kill" if lost else ""
    tell_fault(
        "kill -9 of the API under load",
        seen="connections break off; the next process answers",
        lost=f"records of {len(lost)} of {len(callers.seen)} answers{oldest}; torn lines are left",
        seconds=seconds,
    )


def given_before(timestamp: float, callers: Callers) -> set[str]:
    """The ids of answers that came before a timestamp."""
    return {name for seen, _, name in list(callers.seen) if seen < timestamp}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of one MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", disk], capture_output=True)
    if done.returncode:
        pytest.skip("a disk of one MiB needs the right to mount one: run as root")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_full_disk_refuses_before_memory_does_and_loses_nothing_it_answered(
    start: Start, row: dict[str, Any], small_disk: Path, tell_fault: TellFault
) -> None:
    service = start(PREDICTION_LOG=str(small_disk / "log"), code=bounded_log())
    service.ask([row] * MANY)
    before, answered, status = service.memory_mib(), MANY, 200

    while status == 200 and answered <= 2 * MOST_UNWRITTEN:
        status, headers, answer = service.ask([row] * MANY)
        answered += MANY if status == 200 else 0
    grown = service.memory_mib() - before
    metrics = service.ask(path="/metrics")[2]
    subprocess.run(["mount", "-o", "remount,size=256m", small_disk], check=True)
    seconds = first_answer(service, [row] * MANY)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(PATIENCE_SECONDS) == 0

    assert (status, headers.get("retry-after")) == (503, "1")
    assert "predictions cannot be logged now" in answer["errors"][0]["message"]
    assert MOST_UNWRITTEN - MANY < metric(metrics, "prediction_log_unwritten_records") <= MOST_UNWRITTEN
    assert grown < ALLOWANCE_MIB + MOST_UNWRITTEN * KIB_PER_RECORD / 1024
    assert metric(metrics, "prediction_log_errors_total") > 0
    assert len(log.read(small_disk / "log")) == answered + MANY
    tell_fault(
        "the log's disk is full",
        seen=f"nothing for {answered:,} answers, then 503 with Retry-After",
        lost=f"nothing; memory grew by {grown:.0f} MiB",
        seconds=seconds,
    )


def metric(shown: str, name: str) -> float:
    """The value of a metric that has no labels."""
    return float(shown.partition(f"\n{name} ")[2].split()[0])


def bounded_log() -> str:
    """What a process runs for its log to hold back at most so many records."""
    bound = f"PredictionLog.__init__.__kwdefaults__['most_unwritten'] = {MOST_UNWRITTEN}"
    return f"from {'goldenpath'}.serving.prediction_log import PredictionLog\n{bound}"


@pytest.mark.skipif(not CLOCKS, reason="needs libfaketime: apt install faketime")
def test_a_clock_that_jumps_changes_stamps_and_nothing_else(
    start: Start, row: dict[str, Any], tmp_path: Path, tell_fault: TellFault
) -> None:
    clock, folder = tmp_path / "clock", tmp_path / "log"
    clock.write_text("+0")
    faked = {"LD_PRELOAD": str(CLOCKS[0]), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
    service = start(
        PREDICTION_LOG=str(folder), DONT_FAKE_MONOTONIC="1", FAKETIME_DONT_FAKE_MONOTONIC="1", is_fork=False, **faked
    )
    begun, slowest, ids = time.time(), 0.0, []

    for days in (0, 30, -30, 0):
        clock.write_text(f"{days * DAY:+d}")
        for _ in range(20):
            asked = time.monotonic()
            status, headers, _ = service.ask(row)
            assert status == 200
            slowest = max(slowest, time.monotonic() - asked)
            ids.append((headers["x-prediction-id"], days))
        until(lambda: set(log.read(folder)["id"]) == {name for name, _ in ids})

    found = log.read(folder).set_index("id")["time"]
    stamps = {name: (found[name].timestamp() - begun) / DAY for name, _ in ids}
    assert all(abs(stamps[name] - days) < 0.01 for name, days in ids)
    tell_fault(
        "the clock jumps, thirty days forward and back",
        seen=f"nothing: the slowest answer took {slowest * 1000:.0f} ms",
        lost="nothing; records bear the time that the clock told",
        seconds=0,
    )


def connected(service: Running) -> socket.socket:
    """A connection to the service, to be closed."""
    return socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS)


def test_slow_clients_are_let_go_while_others_are_answered(
    start: Start, row: dict[str, Any], tell_fault: TellFault
) -> None:
    service = start(REQUEST_SECONDS="0.3", MAX_CONCURRENT="2")
    with connected(service) as slow_head, connected(service) as slow_body:
        slow_head.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\n")
        slow_body.sendall(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
        )

        begun = time.monotonic()
        status = service.ask(row)[0]
        took = time.monotonic() - begun
        answer = b"".join(iter(lambda: slow_body.recv(4096), b""))
        try:
            rest = slow_head.recv(4096)
        except ConnectionResetError:
            rest = b""
        seconds = time.monotonic() - begun

    assert status == 200
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"did not come within 0.3 seconds" in answer
    assert rest == b""
    tell_fault(
        "clients that send slowly",
        seen=f"others: nothing, an answer after {took * 1000:.0f} ms; they: 408, or are cut off within a late head",
        lost="nothing",
        seconds=seconds,
    )


def test_clients_that_do_not_read_their_answers_are_cut_off(
    start: Start, row: dict[str, Any], tell_fault: TellFault
) -> None:
    service = start(REQUEST_SECONDS=str(READ_SECONDS), MAX_CONCURRENT=str(GREEDY + 1))
    asked = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * UNREAD
    greedy = [connected(service) for _ in range(GREEDY)]
    begun = free = time.monotonic()
    for client in greedy:
        client.sendall(asked)
    while not service.under_way():  # a request that is seen under way is one whose answer nobody reads
        free = time.monotonic()
        assert free < begun + PATIENCE_SECONDS
        time.sleep(0.02)
    until(lambda: not service.under_way())
    cut_off = time.monotonic() - free
    seconds = first_answer(service, row)
    answers = [received(client) for client in greedy]
    for client in greedy:
        client.close()

    assert cut_off >= READ_SECONDS
    assert max(answers) < UNREAD
    tell_fault(
        "clients that ask and never read",
        seen=f"they are cut off, after {cut_off:.1f} s where REQUEST_SECONDS is {READ_SECONDS}",
        lost="nothing",
        seconds=seconds,
    )


def received(client: socket.socket) -> int:
    """How many answers came before the end."""
    found = b""
    with suppress(ConnectionResetError):
        while part := client.recv(1 << 20):
            found += part
    return found.count(b"HTTP/1.1 200 OK")


def test_more_connections_than_there_is_room_for_are_told_so(start: Start, row: dict[str, Any]) -> None:
    service = start(MAX_CONCURRENT="1")
    held = [connected(service) for _ in range(16)]

    status, headers, answer = service.ask(row)
    for client in held:
        client.close()

    assert (status, headers["retry-after"]) == (503, "1")
    assert answer["errors"][0]["message"] == "too many connections are open"
    first_answer(service, row)


def test_ten_times_the_load_is_refused_honestly_and_forgotten(
    start: Start, call: Callable[..., Callers], row: dict[str, Any], tmp_path: Path, tell_fault: TellFault
) -> None:
    folder = tmp_path / "log"
    service = start(MAX_CONCURRENT=str(OVERLOADED // 10), REQUEST_SECONDS="30", PREDICTION_LOG=str(folder))
    first = service.ask([row] * HEAVY)[1]["x-prediction-id"]
    before = peak = service.memory_mib()

    callers = call(service, [row] * HEAVY, OVERLOADED)
    over = time.monotonic() + OVERLOAD_SECONDS
    while time.monotonic() < over:
        time.sleep(0.1)
        peak = max(peak, service.memory_mib())
    callers.stop()
    seconds = first_answer(service, [row] * HEAVY)
    until(lambda: not service.under_way())
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(PATIENCE_SECONDS) == 0

    statuses = Counter(status for _, status, _ in callers.seen)
    answered = {first, *(name for _, status, name in callers.seen if status == 200)}
    rows = rows_logged(folder)
    assert callers.failures == []
    assert set(statuses) == {200, 503}
    assert peak - before < MOST_MIB
    assert answered - set(rows) == set()
    assert (len(set(rows) - answered), set(rows.values())) == (1, {HEAVY})  # the one is the last
    tell_fault(
        f"ten times the load that is let in, for {OVERLOAD_SECONDS:g} s",
        seen=f"{statuses[200]:,} answers, {statuses[503]:,} times 503 with Retry-After, nothing else",
        lost=f"nothing: all {rows.total():,} rows that were answered are in the log, once; memory grew by "
        f"{peak - before:.0f} MiB at most",
        seconds=seconds,
    )


def rows_logged(folder: Path) -> Counter[str]:
    """How many rows the log has of each answer, by the answer's id."""
    found: Counter[str] = Counter()
    for path in folder.iterdir():
        with path.open() as lines:
            found.update(json.loads(line)["id"].partition(".")[0] for line in lines)
    return found


def test_a_new_model_takes_over_without_a_failed_request(
    start: Start, call: Callable[..., Callers], row: dict[str, Any], tell_fault: TellFault
) -> None:
    service = start()
    former = service.ask(row)[2]
    callers = call(service, row, CALLERS)
    until(lambda: all(callers.answers))

    digest = another_model()
    begun = time.monotonic()
    service.process.send_signal(signal.SIGHUP)
    told = service.told("model reloaded")
    seconds = time.monotonic() - begun
    new = service.ask(row)[2]
    until(lambda: all(answers[-1]["model"] == digest for answers in callers.answers))
    callers.stop()

    assert (told["before"], told["model"], new["model"]) == (former["model"], digest, digest)
    assert former["predictions"][0]["score"] != new["predictions"][0]["score"]
    assert (callers.failures, {status for _, status, _ in callers.seen}) == ([], {200})
    for answers in callers.answers:  # each whole by one model, and none by the former after one by the new
        assert [answer for answer, _ in groupby(answers)] == [former, new]
    shown = [line for line in service.ask(path="/metrics")[2].splitlines() if line.startswith("model_info")]
    assert [digest in line for line in shown] == [True]
    tell_fault(
        "a new model under load",
        seen=f"nothing: {len(callers.seen):,} answers, no failure, each whole by one model",
        lost="nothing",
        seconds=seconds,
    )


def test_a_bad_model_is_refused_and_the_old_one_answers_on(
    start: Start, row: dict[str, Any], tell_fault: TellFault
) -> None:
    service = start()
    before = service.ask(row)[2]

    MODEL.write_bytes(b"damaged")
    service.process.send_signal(signal.SIGHUP)
    told = service.told("model reload failed; keeping the current model")

    assert (told["level"], told["model"]) == ("error", before["model"])
    assert "digest" in told["reason"]
    assert service.ask(row)[2] == before
    tell_fault(
        "a corrupt model",
        seen="nothing: the former answers on, the log says why; at the start one line and status 1",
        lost="nothing",
        seconds=0,
    )
