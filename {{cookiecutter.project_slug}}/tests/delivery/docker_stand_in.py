"""Stands in for Docker's client where no engine can be had: its containers are processes that answer by a model.

Images are listed in ``images.json`` beside it, by id: the registered version that each says it holds, and the digest of
the model that it really answers by; one without a model ends at once. A proxy is a process too: it sends requests in
turn to whatever is connected to its network, but to no colour that the file ``unseen`` names.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent
SERVICE = """
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps(dict(model=sys.argv[2])).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
PROXY = """
import http.server, itertools, json, pathlib, sys, urllib.request
home, turn = pathlib.Path(sys.argv[2]), itertools.count()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
        unseen = (home / "unseen").read_text() if (home / "unseen").exists() else ""
        known = json.loads((home / "containers.json").read_text()).values()
        there = [item for item in known if item["alias"] and item["pid"] and item["alias"] not in unseen]
        if not there:
            return self.send_error(503)
        chosen = there[next(turn) % len(there)]
        with urllib.request.urlopen("http://127.0.0.1:%s" % chosen["port"] + self.path, sent) as answer:
            body = answer.read()
        self.send_response(200)
        self.send_header("X-Served-By", chosen["alias"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def load(name: str) -> Any:
    path = HOME / name
    return json.loads(path.read_text()) if path.exists() else {}


def save(name: str, content: Any) -> None:
    written = HOME / f"{name}.new"
    written.write_text(json.dumps(content))
    written.replace(HOME / name)


def launch(program: str, *words: str) -> int:
    quiet = subprocess.DEVNULL
    command = [sys.executable, "-I", "-c", program, *words]
    return subprocess.Popen(command, start_new_session=True, stdout=quiet, stderr=quiet).pid


def end(container: dict[str, Any]) -> None:
    if container["pid"]:
        os.kill(container["pid"], signal.SIGTERM)
        container["pid"] = 0
        time.sleep(0.1)


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


def start(words: list[str], images: dict[str, Any]) -> dict[str, Any]:
    """A new container: a service, or the proxy where its image is none of the listed ones."""
    *_, port, _ = values(words, "--publish")[0].split(":")
    at = int(port or free_port())
    held = images.get(words[-1])
    if held is None:
        pid = launch(PROXY, str(at), str(HOME))
    else:
        pid = launch(SERVICE, str(at), held["model"]) if held["model"] else 0
    [name], labels = values(words, "--name"), values(words, "--label")
    network = "".join(values(words, "--network"))
    return {"name": name, "labels": labels, "port": at, "pid": pid, "network": network, "alias": "", "image": words[-1]}


def main(words: list[str]) -> None:
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
        containers = {found: start(words, images), **containers}
        print(found)
    elif command == "port":
        print(f"8000/tcp -> 127.0.0.1:{containers[last]['port']}")
    elif command == "ps":
        shown = {name: item for name, item in containers.items() if item["pid"] or "--all" in words}
        for name, item in shown.items():
            if all(matches(item, condition, name) for condition in values(words, "--filter")):
                colour = "".join(label[19:] for label in item["labels"] if label.startswith("golden-path/colour="))
                print(f"{name} {colour}" if "--format" in words else name)
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
        end(containers[last])
    elif command == "rm":
        for name in words[2:]:
            end(containers.pop(name))
    save("containers.json", containers)
    save("networks.json", networks)


if __name__ == "__main__":
    main(sys.argv[1:])
