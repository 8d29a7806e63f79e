"""What the service's cache of answers costs and saves: CPU time per request, by how many rows came before.

Beside ``CACHE=off``, in the same run: memory, and a Redis on this machine. The table goes into the generated project's
docs/cache.md. Needs ``redis-server`` (Debian: ``apt-get install redis-server``): ``make bench-cache``, or
``benchmarks/cache.py PROJECT`` for a project whose pipeline has run.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pages
from batch import fresh
from pipeline import IN_PROJECT, TEMPLATE, runner
from rich.table import Table

PAGE = TEMPLATE / "{{cookiecutter.project_slug}}" / "docs" / "cache.md"
HEADINGS = {0.0: "none of the rows came before", 0.5: "half of them", 1.0: "all of them"}
START_SECONDS = 10.0
MOST_OF_A_REPEATED_ROW = 0.5


def main() -> int:
    """Measure, write the table, and return 0 where a repeated row costs half at most, 1 otherwise."""
    with tempfile.TemporaryDirectory() as folder, redis(Path(folder)) as url:
        project = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else fresh(Path(folder))
        run = runner(project, {"PYTHONPATH": str(project / "src"), "PREDICTION_LOG": "off"})
        said = run([".venv/bin/python", str(IN_PROJECT / "cache_cost.py"), "off", "memory", url])
    costs = {(it["cache"], it["share"]): it["us"] for it in json.loads(said.splitlines()[-1])}
    table = Table(title=f"CPU µs per request on {os.cpu_count()} cores")
    for heading in ("CACHE", *HEADINGS.values()):
        table.add_column(heading, justify="left" if heading == "CACHE" else "right")
    for cache, name in {"off": "`off`", "memory": "`memory`", url: "`redis://…`"}.items():
        table.add_row(name, *(f"{costs[cache, share]:.0f}" for share in HEADINGS))
    pages.show(table, PAGE, "cache")
    return int(costs["memory", 1.0] > MOST_OF_A_REPEATED_ROW * costs["off", 1.0])


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Run a Redis of its own on loopback, which keeps nothing, and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    server = subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and server.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
