"""Prometheus and Alertmanager of the tests' own on loopback, and whom they call."""

from __future__ import annotations

import json
import os
import signal
import socketserver
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

from tests.template import debian

PATIENCE = 30.0
T = TypeVar("T")


def install() -> str:
    """Install what is missing; tell why it cannot be, or nothing."""
    return debian.install(debian.WATCHERS)


def until(ask: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """Ask again and again until the answer is true, and return it."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = ask()
        except OSError:
            answer = None  # not there yet
        if answer:
            return answer
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not: {what}"
        time.sleep(0.1)


@dataclass
class Desk:
    """Whom alerts reach: a web address for hooks and chat, and a mail server.

    Attributes:
        url: The web address.
        smtp: Host and port of the mail server.
        calls: What came over HTTP: path, token and content.
        mails: What came by mail: subject and text.
    """

    url: str
    smtp: str
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    mails: list[tuple[str, str]] = field(default_factory=list)

    def alerts(self, path: str, name: str, status: str = "firing") -> list[dict[str, Any]]:
        """The alerts of one name and status that came to a path."""
        return [
            alert
            for where, _, content in list(self.calls)
            if where == path
            for alert in content.get("alerts", ())
            if alert["labels"]["alertname"] == name and alert["status"] == status
        ]

    def mailed(self, name: str, status: str = "firing") -> list[str]:
        """The texts of mails about alerts of one name and status."""
        return [text for subject, text in list(self.mails) if name in subject and status in subject]


@contextmanager
def desk() -> Iterator[Desk]:
    """Listen for alerts on loopback."""
    found: list[Desk] = []

    class Web(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found[0].calls.append((self.path, self.headers.get("Authorization", ""), content))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            pass

    class Mail(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 desk\r\n")
            while line := self.rfile.readline():
                word = line.split()[0].upper()
                if word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    content = b"".join(iter(self.rfile.readline, b".\r\n"))
                    message = message_from_bytes(content, policy=policy.default)
                    text = message.get_body(("plain",))
                    found[0].mails.append((str(message["Subject"]), text.get_content() if text else ""))
                self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
                if word == b"QUIT":
                    return

    with (
        _served(ThreadingHTTPServer(("127.0.0.1", 0), Web)) as web,
        _served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)) as mail,
    ):
        found.append(Desk(f"http://127.0.0.1:{web}", f"127.0.0.1:{mail}"))
        yield found[0]


@contextmanager
def running(
    command: list[str], log: Path, ready: str | Callable[[], bool], folder: Path | None = None, **variables: str
) -> Iterator[None]:
    """Run a server until the test is done with it.

    Args:
        command: The server.
        log: Where its words go.
        ready: An address that answers 200 once it is ready, or what tells so.
        folder: Where it runs.
        variables: Added to its environment.
    """

    def is_ready() -> bool:
        return _answers(ready) if isinstance(ready, str) else ready()

    with log.open("w") as words:
        process = subprocess.Popen(command, stdout=words, stderr=words, cwd=folder, env=os.environ | variables)
    try:
        until(lambda: process.poll() is None and is_ready(), f"{command[0]} is ready: {log}")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def textfiles(folder: Path, port: int, log: Path) -> AbstractContextManager[None]:
    """A node exporter that shows the ``*.prom`` files of a folder, and nothing of the machine."""
    command = ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}", "--collector.disable-defaults",
               "--collector.textfile", f"--collector.textfile.directory={folder}"]  # fmt: skip
    return running(command, log, f"http://127.0.0.1:{port}/metrics")


def pushgateway(port: int, log: Path) -> AbstractContextManager[None]:
    """A Pushgateway that forgets everything when it stops; Debian's keeps it otherwise."""
    command = ["prometheus-pushgateway", f"--web.listen-address=127.0.0.1:{port}", "--persistence.file="]
    return running(command, log, f"http://127.0.0.1:{port}/-/ready")


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus.

    Attributes:
        url: Its address.
    """

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples that an expression gives now.

        Raises:
            AssertionError: Prometheus refuses it, with its reason.
        """
        asked = urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/query?{asked}") as got:  # noqa: S310
                result = json.load(got)["data"]["result"]
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{expression}: {refusal.read().decode()}") from refusal
        assert isinstance(result, list), expression
        return result

    def firing(self) -> set[str]:
        """The names of the alerts that fire."""
        return {sample["metric"]["alertname"] for sample in self.query('ALERTS{alertstate="firing"}')}


@contextmanager
def _served(server: socketserver.TCPServer) -> Iterator[int]:
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _answers(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=2) as got:  # noqa: S310
        return bool(got.status == 200)
