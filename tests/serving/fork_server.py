"""Processes that are forked from one that has imported what they need.

Where a process is to be killed, stopped or starved, a test needs a real one, and Python takes a second to import what
the service is made of. Here one process imports it, and each that a test starts is a fork of that one: with a folder,
variables and an output of its own, and gone as any other when it is killed.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Process:
    """A process, under the names that :class:`subprocess.Popen` has for the same."""

    def __init__(self, fork_server: ForkServer, pid: int) -> None:
        self._server = fork_server
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its status where it has ended; below zero by which signal."""
        if self.returncode is None:
            self.returncode = self._server.ask({"ended": self.pid})
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Its status, once it has ended.

        Raises:
            subprocess.TimeoutExpired: It has not.
        """
        deadline = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.005)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """The process that all others are forked from."""

    def __init__(self, modules: Sequence[str]) -> None:
        """Start it, and have it import modules."""
        path = os.pathsep.join(filter(None, sys.path))
        # On one thread: a fork has only the one that forked, and a lock that another held would stay locked.
        variables = os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        # In a session of its own: Ctrl-C is for the tests, which end what they have started.
        command = [sys.executable, __file__, *modules]
        self._first = subprocess.Popen(command, env=variables, start_new_session=True, **pipes)

    def start(
        self, verb: str = "", *arguments: object, folder: Path, output: Path, code: str = "", **variables: str
    ) -> Process:
        """Run code, then a verb of the command, in a folder; standard output and error go to a file."""
        order = {
            "verb": verb,
            "arguments": [str(argument) for argument in arguments],
            "folder": str(folder.absolute()),
            "output": str(output.absolute()),
            "code": code,
            "variables": os.environ | variables,
        }
        return Process(self, self.ask(order))

    def ask(self, order: dict[str, Any]) -> Any:
        """What the process answers."""
        assert self._first.stdin
        assert self._first.stdout
        self._first.stdin.write(json.dumps(order).encode() + b"\n")
        self._first.stdin.flush()
        return json.loads(self._first.stdout.readline())

    def end(self) -> None:
        """End it; those that were forked from it live on."""
        self._first.kill()
        self._first.communicate()


def ordered() -> dict[str, Any] | None:
    """Fork for every order; the order where this is the fork, None at the end."""
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        if asked := order.get("ended"):
            pid, status = os.waitpid(asked, os.WNOHANG)
            print(json.dumps(os.waitstatus_to_exitcode(status) if pid else None), flush=True)
        elif forked := os.fork():
            print(forked, flush=True)
        else:
            return order
    return None


def carry_out(order: dict[str, Any]) -> None:
    """Become the process that was ordered."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["variables"])
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for standard, handle in ((0, os.open(os.devnull, os.O_RDONLY)), (1, output), (2, output)):
        os.dup2(handle, standard)
    sys.argv = ["goldenpath", *order["arguments"]]
    exec(order["code"], {"__name__": "__main__"})  # noqa: S102  # of a test
    if order["verb"]:
        from goldenpath.cli import main

        main([order["verb"], *order["arguments"]])


if __name__ == "__main__":
    for name in sys.argv[1:]:
        importlib.import_module(name)
    if order := ordered():
        carry_out(order)
