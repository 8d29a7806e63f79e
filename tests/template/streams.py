"""A Redis of the tests' own on loopback, and events in its streams."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.template import debian
from tests.template.docker import free_port

SECONDS = 60


def install() -> str:
    """Install what is missing; tell why it cannot be, or nothing."""
    return debian.install(debian.STREAMS)


@contextmanager
def redis(folder: Path) -> Iterator[int]:
    """The port of a Redis that keeps in a folder what it holds."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    server = subprocess.Popen([*command, "--appendonly", "yes"], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + SECONDS
        while ask(port, "PING") != "PONG":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=SECONDS)


def ask(port: int, *words: str) -> str:
    """What Redis says to a command."""
    return subprocess.run(["redis-cli", "-p", str(port), *words], capture_output=True, text=True).stdout.strip()


def send(port: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Send rows as events whose ids are their places."""
    commands = []
    for number, row in enumerate(rows):
        event = {"specversion": "1.0", "id": str(number), "source": "/tests", "type": "asked", "data": row}
        words = [word.encode() for word in ("XADD", "predict", "*", "event", json.dumps(event))]
        commands += [b"*%d" % len(words), *(part for word in words for part in (b"$%d" % len(word), word))]
    content = b"".join(line + b"\r\n" for line in commands)
    done = subprocess.run(["redis-cli", "-p", str(port), "--pipe"], input=content, capture_output=True)
    assert f"errors: 0, replies: {len(rows)}" in done.stdout.decode(), done.stdout + done.stderr


def answers(port: int) -> list[dict[str, Any]]:
    """The data of all answers in their stream."""
    lines = ask(port, "XRANGE", "predictions", "-", "+").splitlines()
    return [json.loads(line)["data"] for line in lines if line.startswith("{")]


def await_answers(port: int, least: int) -> None:
    """Wait until the stream of answers holds so many."""
    deadline = time.monotonic() + SECONDS
    while int(ask(port, "XLEN", "predictions") or 0) < least:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def await_first_answer(port: int) -> None:
    """Wait until there is an answer, and return at that moment."""
    told = ask(port, "XREAD", "BLOCK", str(SECONDS * 1000), "COUNT", "1", "STREAMS", "predictions", "0")
    assert told, "no answer came"
