"""Stands in for Docker's client where no engine can be had: its containers are servers that answer by a model.

Images are listed in ``images.json`` beside it, by id: the registered version that each says it holds, and the digest of
the model that it really answers by; one without a model ends at once. A proxy is a server too: it sends requests in
turn to whatever is connected to its network, but to no slot that the file ``unseen`` names.

As a program it makes each container a process. Within a test it can answer in the test's own process and make each
container a thread: see :class:`Threads`. To start a program for every word to Docker costs seconds for each test.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.request import urlopen

HOME = Path(__file__).parent
SERVE = "serve"
"""The word by which the program starts itself as a container; Docker knows no such command."""


class Container(BaseHTTPRequestHandler):
    """What a service and a proxy have in common."""

    reply: Callable[[str, bytes | None], tuple[str, bytes]]
    """Who answers what was sent to a path, and what; empty where nobody does."""

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
        by, body = self.reply(self.path, sent)
        self.send_response(200 if body else 503)
        self.send_header("X-Served-By", by)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815  # as the library calls it

    def log_message(self, *_: Any) -> None:
        pass


def server(port: int, model: str) -> HTTPServer:
    """A container that listens already: a service that answers by a model, or the proxy where there is none."""
    home, turn = HOME, itertools.count()

    def service(_path: str, _sent: bytes | None) -> tuple[str, bytes]:
        return "", json.dumps({"model": model}).encode()

    def proxy(path: str, sent: bytes | None) -> tuple[str, bytes]:
        unseen = (home / "unseen").read_text() if (home / "unseen").exists() else ""
        known = json.loads((home / "containers.json").read_text()).values()
        there = [item for item in known if item["alias"] and item["pid"] and item["alias"] not in unseen]
        if not there:
            return "", b""
        chosen = there[next(turn) % len(there)]
        with urlopen(f"http://127.0.0.1:{chosen['port']}{path}", sent) as answer:
            return chosen["alias"], answer.read()

    reply = staticmethod(service if model else proxy)
    return HTTPServer(("127.0.0.1", port), type("Running", (Container,), {"reply": reply}))


class Processes:
    """Containers as processes."""

    @staticmethod
    def launch(port: int, model: str) -> int:
        command = [sys.executable, "-I", "-S", __file__, SERVE, str(port), model]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, start_new_session=True, stdout=quiet, stderr=quiet).pid

    @staticmethod
    def kill(pid: int) -> None:
        os.kill(pid, signal.SIGTERM)


class Threads:
    """Containers as threads of this process, for tests to which it is the same."""

    def __init__(self) -> None:
        self._servers: dict[int, HTTPServer] = {}
        self._numbers = itertools.count(1)

    def launch(self, port: int, model: str) -> int:
        number = next(self._numbers)
        self._servers[number] = server(port, model)
        threading.Thread(target=self._servers[number].serve_forever, args=(0.02,), daemon=True).start()
        return number

    def kill(self, pid: int) -> None:
        ended = self._servers.pop(pid)
        ended.shutdown()
        ended.server_close()

    def attempt(self, *words: str, **_: Any) -> subprocess.CompletedProcess[str]:
        """Stands in for :func:`container.docker.attempt`."""
        said, reason = io.StringIO(), ""
        with contextlib.redirect_stdout(said):
            try:
                main(list(words), self)
            except SystemExit as refusal:
                reason = str(refusal.code)
        return subprocess.CompletedProcess(words, 1 if reason else 0, said.getvalue(), reason)

    def end(self) -> None:
        for pid in list(self._servers):
            self.kill(pid)


def load(name: str) -> Any:
    path = HOME / name
    return json.loads(path.read_text()) if path.exists() else {}


def save(name: str, content: Any) -> None:
    written = HOME / f"{name}.new"
    written.write_text(json.dumps(content))
    written.replace(HOME / name)


def end(container: dict[str, Any], engine: Processes | Threads) -> None:
    if container["pid"]:
        engine.kill(container["pid"])
        container["pid"] = 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def values(words: list[str], option: str) -> list[str]:
    return [value for name, value in pairwise(words) if name == option]


def matches(container: dict[str, Any], condition: str, name: str) -> bool:
    """Whether a container is one that a filter of ``docker ps`` lets pass."""
    kind, _, wanted = condition.partition("=")
    found: dict[str, bool] = {
        "id": wanted == name,
        "name": wanted == f"^{container['name']}$",
        "label": any(label == wanted or label.startswith(f"{wanted}=") for label in container["labels"]),
        "network": container["network"] == wanted,
        "publish": str(container["port"]) == wanted,
        "status": bool(container["pid"]),
    }
    return found[kind]


def start(words: list[str], images: dict[str, Any], engine: Processes | Threads) -> dict[str, Any]:
    """A new container: a service, or the proxy where its image is none of the listed ones."""
    *_, port, _ = values(words, "--publish")[0].split(":")
    at = int(port or free_port())
    model = images.get(words[-1], {}).get("model", "")
    is_proxy = words[-1] not in images
    pid = engine.launch(at, model) if model or is_proxy else 0
    [name], labels = values(words, "--name"), values(words, "--label")
    network = "".join(values(words, "--network"))
    return {"name": name, "labels": labels, "port": at, "pid": pid, "network": network, "alias": "", "image": words[-1]}


def main(words: list[str], engine: Processes | Threads) -> None:
    with (HOME / "said.txt").open("a") as said:
        said.write(" ".join(words) + "\n")
    images, containers, networks = load("images.json"), load("containers.json"), load("networks.json") or []
    command, last = " ".join(words[:2]) if words[0] in ("image", "network") else words[0], words[-1]
    if command == "image ls":
        wanted = values(words, "--filter")[0].rpartition("=")[2]
        print("\n".join(name for name, item in images.items() if item["version"] == wanted))
    elif command == "image inspect":
        if last not in images and not last.startswith("haproxy"):
            sys.exit("Error: No such image")
        print(json.dumps([{"Id": last}]))
    elif command == "pull":
        sys.exit("Error: the registry does not know it")
    elif command == "run" and "--rm" in words:
        if "server blue" not in Path(values(words, "--volume")[0].split(":")[0]).read_text():
            sys.exit("[ALERT] parsing [haproxy.cfg:7]: unknown keyword")
    elif command == "run":
        found = f"id{time.monotonic_ns()}"
        containers = {found: start(words, images, engine), **containers}
        print(found)
    elif command == "port":
        print(f"8000/tcp -> 127.0.0.1:{containers[last]['port']}")
    elif command == "ps":
        shown = {name: item for name, item in containers.items() if item["pid"] or "--all" in words}
        for name, item in shown.items():
            if all(matches(item, condition, name) for condition in values(words, "--filter")):
                slot = "".join(label[17:] for label in item["labels"] if label.startswith("golden-path/slot="))
                print(f"{name} {slot}" if "--format" in words else name)
    elif command == "logs":
        print("it could not load its model")
    elif command == "network ls":
        print("\n".join(networks))
    elif command == "network create":
        networks.append(last)
    elif command == "network connect":
        containers[last] |= {"network": words[-2], "alias": values(words, "--alias")[0]}
    elif command == "network rm":
        networks.remove(last)
    elif command == "stop":
        end(containers[last], engine)
    elif command == "rm":
        for name in words[2:]:
            end(containers.pop(name), engine)
    save("containers.json", containers)
    save("networks.json", networks)


if __name__ == "__main__":
    if sys.argv[1] == SERVE:
        server(int(sys.argv[2]), sys.argv[3]).serve_forever()
    main(sys.argv[1:], Processes())
