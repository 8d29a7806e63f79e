"""Stands in for Docker's client where no engine can be had: its containers are processes that answer by a model.

Images are listed in ``images.json`` beside it, by id: the registered version that each says it holds, and the digest of
the model that it really answers by.
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
SERVER = """
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(dict(model=sys.argv[2])).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def load(name: str) -> Any:
    path = HOME / name
    return json.loads(path.read_text()) if path.exists() else {}


def launch(container: dict[str, Any]) -> None:
    words = [sys.executable, "-c", SERVER, str(container["port"]), container["model"]]
    quiet = subprocess.DEVNULL
    container["pid"] = subprocess.Popen(words, start_new_session=True, stdout=quiet, stderr=quiet).pid


def end(container: dict[str, Any]) -> None:
    if container["pid"]:
        os.kill(container["pid"], signal.SIGTERM)
        container["pid"] = 0
        time.sleep(0.1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def main(words: list[str]) -> None:
    images, containers = load("images.json"), load("containers.json")
    option = {name: value for name, value in pairwise(words) if name.startswith("--")}
    command, last = words[0], words[-1]
    if words[:2] == ["image", "ls"]:
        wanted = option["--filter"].rpartition("=")[2]
        print("\n".join(name for name, item in images.items() if item["version"] == wanted))
    elif words[:2] == ["image", "inspect"]:
        if last not in images:
            sys.exit("Error: No such image")
        print(json.dumps([{"Id": last}]))
    elif command == "pull":
        sys.exit("Error: the registry does not know it")
    elif command == "run":
        (HOME / "options.txt").write_text(" ".join(words))
        port = int(option["--publish"].split(":")[1] or free_port())
        container = {"name": option["--name"], "port": port, "model": images[last]["model"], "image": last}
        launch(container)
        found = f"id{len(containers)}-{time.monotonic_ns()}"
        containers[found] = container
        print(found)
    elif command == "port":
        print(f"127.0.0.1:{containers[words[1]]['port']}")
    elif command == "ps":
        wanted = option["--filter"].removeprefix("name=^").removesuffix("$")
        print("\n".join(name for name, item in containers.items() if item["name"] == wanted))
    elif command == "rename":
        containers[words[1]]["name"] = last
    elif command == "start":
        launch(containers[last])
    elif command == "stop":
        end(containers[last])
    elif command == "rm":
        end(containers.pop(last))
    (HOME / "containers.json").write_text(json.dumps(containers))


if __name__ == "__main__":
    main(sys.argv[1:])
