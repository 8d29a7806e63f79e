"""The image of a generated project, built and run by a real Docker engine; each gate sees the bad thing once."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.template.docker import Engine
from tests.template.generation import git, lend, run, verb

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walked")]

IMAGE = "flight-delays:ours"
BUDGETS = "\n  image_mb: 200\n  ready_seconds: 10\n  stop_seconds: 8\n"
"""The start's own budget is measured by benchmarks/container.py, where nothing runs beside it."""

CARELESS = (
    "USER root",
    "RUN head -c 60000000 /dev/zero > /waste",
    "CMD exec uvicorn --factory goldenpath.serving.rest.app:create_app --host 0.0.0.0",
)
WRITES = """\
import pathlib
from goldenpath.cli import main
pathlib.Path("/app/cache.txt").write_text("x")
main(["serve", "--host", "0.0.0.0"])
"""
DEAF = """\
import json, signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
signal.signal(signal.SIGTERM, signal.SIG_IGN)
class Anything(BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        digest = json.load(open("/app/models/signature.json"))["model_sha256"]
        body = json.dumps({"model": digest, "predictions": [{}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST = answer
ThreadingHTTPServer(("0.0.0.0", 8000), Anything).serve_forever()
"""


@dataclass(frozen=True)
class Judged:
    """What ``goldenpath image check`` said of an image: its exit status and the message of each gate that failed."""

    status: int
    failed: Mapping[str, str]
    printed: str


@pytest.fixture(scope="module")
def project(walked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the walked project with budgets for a busy machine; its environment is the walked one's."""
    copy = tmp_path_factory.mktemp("container") / walked.name
    shutil.copytree(walked, copy, ignore=shutil.ignore_patterns(".venv", "cache"), symlinks=True)
    lend(walked, copy)
    params = (copy / "params.yaml").read_text()
    head, _, rest = params.partition("container:")
    kept = rest[rest.index("\n\n") :]
    (copy / "params.yaml").write_text(f"{head}container:{BUDGETS}{kept}")
    return copy


@pytest.fixture(scope="module")
def image(project: Path, engine: Engine) -> str:
    built = verb(project, "image", "build", "--name", IMAGE, **engine.environment)
    assert built.returncode == 0, built.stdout + built.stderr
    return IMAGE


def judge(project: Path, engine: Engine, image: str) -> Judged:
    done = verb(project, "image", "check", "--name", image, **engine.environment)
    gates = json.loads((project / "reports" / "container.json").read_text())["gates"]
    failed = {gate["name"]: gate["message"] for gate in gates if not gate["passed"]}
    return Judged(done.returncode, failed, done.stdout + done.stderr)


def test_the_image_holds_every_gate(project: Path, engine: Engine, image: str) -> None:
    judged = judge(project, engine, image)

    assert (judged.status, judged.failed) == (0, {}), judged.printed


def test_the_image_says_which_commit_and_model_it_holds(project: Path, engine: Engine, image: str) -> None:
    labels = json.loads(engine.run("image", "inspect", image).stdout)[0]["Config"]["Labels"]

    head = run(["git", "rev-parse", "HEAD"], project).stdout.strip()
    signature = json.loads((project / "models" / "signature.json").read_text())
    assert labels["org.opencontainers.image.revision"] == head
    assert labels["goldenpath.model.digest"] == f"sha256:{signature['model_sha256']}"


def test_the_image_holds_what_serves_and_nothing_of_this_machine(engine: Engine, image: str) -> None:
    shown = engine.run("run", "--rm", image, "sh", "-c", "ls /app /app/models /opt/venv/lib/python3.11/site-packages")

    names = set(shown.stdout.split())
    assert {"contract.yaml", "model.onnx", "signature.json", "goldenpath", "onnxruntime", "fastapi"} <= names
    assert not {"pandas", "sklearn", "pyarrow", "dvc", "pip", "params.yaml", "src", "tests", "vendor"} & names
    assert not {"estimators.skops", "flight_delays"} & names
    history = engine.run("history", "--no-trunc", "--format", "{{.CreatedBy}}", image).stdout
    assert "secret" not in history


def test_a_container_that_was_killed_starts_again_and_is_healthy(engine: Engine, image: str) -> None:
    started = engine.run("run", "--detach", "--read-only", "--tmpfs", "/tmp", "--health-interval", "1s", image)  # noqa: S108
    container = started.stdout.strip()
    try:
        engine.run("kill", container)
        engine.run("start", container)

        waited = "for try in $(seq 60); do python -m goldenpath.serving.rest.health && exit 0; sleep 0.2; done; exit 1"
        healthy = engine.run("exec", container, "sh", "-c", waited)

        assert healthy.returncode == 0, engine.run("logs", container).stderr
        assert "elemetry" not in engine.run("logs", container).stderr
    finally:
        engine.run("rm", "--force", container)


def test_a_careless_image_is_refused_for_each_fault(project: Path, engine: Engine, image: str) -> None:
    careless = engine.derive("flight-delays:careless", image, *CARELESS)

    judged = judge(project, engine, careless)

    assert judged.status != 0
    assert "runs as root: want a line `USER 10001:10001`, found root" in judged.failed["user"]
    assert "starts through a shell" in judged.failed["command"]
    assert "MB beyond the base, of 200 allowed by params.yaml: container.image_mb" in judged.failed["size"]
    assert re.match(r"lost \d+ of \d+ requests on SIGTERM", judged.failed["stop"])


def test_an_image_that_writes_to_its_root_is_refused(project: Path, engine: Engine, image: str) -> None:
    command = json.dumps(["python", "-c", WRITES])
    lines = ("USER root", "RUN chown 10001 /app", "USER 10001:10001", f"CMD {command}")
    writing = engine.derive("flight-delays:writing", image, *lines)

    judged = judge(project, engine, writing)

    assert judged.status != 0
    assert "writes to its root file system: /app" in judged.failed["start"]
    assert "Read-only file system" in judged.failed["start"]


def test_a_service_deaf_to_sigterm_that_serves_any_model_is_refused(project: Path, engine: Engine, image: str) -> None:
    deaf = engine.derive("flight-delays:deaf", image, f"CMD {json.dumps(['python', '-c', DEAF])}")

    judged = judge(project, engine, deaf)

    assert judged.status != 0
    assert "ignores SIGTERM: still ran 8 s after SIGTERM" in judged.failed["stop"]
    assert "serves a damaged model" in judged.failed["damaged model"]


def test_a_damaged_model_is_never_built_in(project: Path, engine: Engine) -> None:
    model = project / "models" / "model.onnx"
    sound = model.read_bytes()
    model.unlink()  # the copy may be a link into the cache
    model.write_bytes(sound[:-1])
    try:
        done = verb(project, "image", "build", "--name", "flight-delays:damaged", **engine.environment)
    finally:
        model.write_bytes(sound)

    assert done.returncode != 0
    assert "models/model.onnx is not the model of models/signature.json" in done.stderr
    assert engine.run("image", "inspect", "flight-delays:damaged").returncode != 0


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("src/flight_delays/source.py", []),  # what trains is not in the image
        ("models/lineage.json", ["service"]),
    ],
)
def test_a_commit_moves_no_layer_but_that_of_the_service(
    project: Path, engine: Engine, image: str, file: str, changed: list[str]
) -> None:
    with (project / file).open("a") as text:
        text.write("\n")
    git(project, "commit", "--quiet", "--all", "--message", f"Change {file}")

    built = verb(project, "image", "build", "--name", "flight-delays:next", **engine.environment)

    assert built.returncode == 0, built.stdout + built.stderr
    pairs = zip(LAYERS, layers(engine, image), layers(engine, "flight-delays:next"), strict=True)
    assert [name for name, old, new in pairs if old != new] == changed


LAYERS = ("base", "packages", "service", "working directory")


def layers(engine: Engine, image: str) -> list[str]:
    found: list[str] = json.loads(engine.run("image", "inspect", image).stdout)[0]["RootFS"]["Layers"]
    return found
