"""What the image costs: its size beyond the base, its start, and whether the same input gives the same layers.

Beside it, in the same run, stands the image that one would write without the template: one stage, `pip install` of the
project with what its training needs, everything copied. Needs root, for a Docker engine of its own:
``make bench-image``.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from pipeline import generate, runner, seconds
from rich.console import Console
from rich.table import Table

from tests.template import docker
from tests.template.docker import BASE, Engine

MOST_MB = 200.0
MOST_READY_SECONDS = 1.5
STARTS = 7
MEGABYTE = 1_000_000
OURS, AGAIN, NAIVE = "ours", "again", "naive"
NAIVE_DOCKERFILE = f"""\
FROM {BASE}
ARG PIP_CERT
COPY . /app
WORKDIR /app
RUN --mount=type=secret,id=ca python3 -m pip install --break-system-packages --no-cache-dir -r requirements/train.txt
ENV PYTHONPATH=/app/src
CMD ["goldenpath", "serve", "--host", "0.0.0.0"]
"""
IGNORED = ".venv\n.git\n.dvc\n"


def main() -> int:
    """Measure in a fresh project, print a table, and return 0 when every target is met, 1 otherwise."""
    with tempfile.TemporaryDirectory() as folder, docker.engine(Path(folder)) as engine:
        project = generate(Path(folder))
        run = runner(project, engine.environment)
        for command in (["make", "setup"], ["make", "run"]):
            run(command)
        build = seconds(lambda: run([".venv/bin/goldenpath", "image", "build", "--name", OURS]))
        engine.run("builder", "prune", "--all", "--force")
        run([".venv/bin/goldenpath", "image", "build", "--name", AGAIN])
        is_same = layers(engine, OURS) == layers(engine, AGAIN)
        naive = seconds(lambda: build_naive(engine, project))
        sizes = {name: megabytes(engine, name) - megabytes(engine, BASE) for name in (OURS, NAIVE)}
        starts: dict[str, list[float]] = {OURS: [], NAIVE: []}
        for _ in range(STARTS):
            for name, taken in starts.items():
                taken.append(until_ready(engine, name))
    ready = {name: statistics.median(taken) for name, taken in starts.items()}
    table = Table(title="The image of the flights sample")
    for heading in ("what", "ours", "single stage, pip install", "target"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    table.add_row("size beyond the base", f"{sizes[OURS]:.0f} MB", f"{sizes[NAIVE]:.0f} MB", f"≤ {MOST_MB:.0f} MB")
    table.add_row("docker run to ready", f"{ready[OURS]:.2f} s", f"{ready[NAIVE]:.2f} s", f"≤ {MOST_READY_SECONDS} s")
    table.add_row("same layers when built again", "yes" if is_same else "no", "", "yes")
    table.add_row("build, nothing cached", f"{build:.0f} s", f"{naive:.0f} s", "")
    Console(width=110).print(table)
    return int(sizes[OURS] > MOST_MB or ready[OURS] > MOST_READY_SECONDS or not is_same)


def build_naive(engine: Engine, project: Path) -> None:
    """Build the image that one would write by oneself."""
    (project / "Dockerfile.naive").write_text(NAIVE_DOCKERFILE)
    (project / "Dockerfile.naive.dockerignore").write_text(IGNORED)
    certificates = docker.certificates()
    lent = ("--secret", f"id=ca,src={certificates}", "--build-arg", "PIP_CERT=/run/secrets/ca") if certificates else ()
    words = ("--network", "host", "--file", str(project / "Dockerfile.naive"), "--tag", NAIVE, str(project))
    done = engine.run("build", *lent, *words)
    if done.returncode:
        raise RuntimeError(done.stderr)


def layers(engine: Engine, image: str) -> list[str]:
    """The digests of an image's layers."""
    found: list[str] = json.loads(engine.run("image", "inspect", image).stdout)[0]["RootFS"]["Layers"]
    return found


def megabytes(engine: Engine, image: str) -> float:
    """The unpacked size of an image."""
    sizes = engine.run("history", "--human=false", "--format", "{{.Size}}", image).stdout.split()
    return sum(map(int, sizes)) / MEGABYTE


def until_ready(engine: Engine, image: str) -> float:
    """Seconds from ``docker run``, locked down as in production, to the first 200 of ``/readyz``."""
    locked = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--user", "10001")  # noqa: S108  # the container's
    begun = time.perf_counter()
    container = engine.run("run", "--detach", "--publish", "127.0.0.1::8000", *locked, image).stdout.strip()
    try:
        port = int(engine.run("port", container, "8000/tcp").stdout.rpartition(":")[2])
        while time.perf_counter() - begun < 60:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return time.perf_counter() - begun
            except (OSError, HTTPException):
                time.sleep(0.01)
            finally:
                connection.close()
        raise RuntimeError(engine.run("logs", container).stderr)
    finally:
        engine.run("rm", "--force", container)


if __name__ == "__main__":
    sys.exit(main())
