"""Batch prediction beside plain pandas, on the same rows and model: seconds, CPU seconds and peak memory.

Each round runs both as processes of their own, one after the other, from the file of rows to the file of answers.
``goldenpath batch`` is measured with its contract check and its receipts, without and with the prediction log, which
plain pandas does not have. The table goes into docs/speed.md where there are five million rows of Parquet. Options:
``--rows``, ``--rounds``, ``--format``, and ``--project`` for a sample that has run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pages
from pipeline import IN_PROJECT, generate, runner
from rich.console import Console
from rich.table import Table

ROWS = 5_000_000
LEAST_TIMES = 2.0
MOST_MEMORY_SHARE = 0.25


@dataclass(frozen=True)
class Cost:
    """What one run took: wall clock and CPU seconds, and the most memory at any time, in MB."""

    seconds: float
    cpu_seconds: float
    megabytes: float


def main() -> int:
    """Measure, print a table, and return 0 when every target is met, 1 otherwise."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--rows", type=int, default=ROWS)
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--format", choices=("parquet", "csv"), default="parquet")
    asked.add_argument("--project", type=Path)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = given.project or fresh(Path(folder))
        python, rows = str(project / ".venv/bin/python"), f"{folder}/rows.{given.format}"
        variables = {"PREDICTION_LOG": "off"}
        cost([python, str(IN_PROJECT / "write_rows.py"), rows, str(given.rows)], project, variables)
        batch = [str(project / ".venv/bin/goldenpath"), "batch", rows, f"{folder}/ours.{given.format}"]
        batch += ["--metrics", f"{folder}/batch.prom"]
        plain = [python, str(IN_PROJECT / "plain_batch.py"), rows, f"{folder}/plain.{given.format}"]
        ways = {
            "plain pandas": (plain, variables),
            "goldenpath batch --log off": (batch, variables),
            "goldenpath batch, logged": (batch, variables | {"PREDICTION_LOG": f"{folder}/log"}),
        }
        found: dict[str, list[Cost]] = {way: [] for way in ways}
        for _ in range(given.rounds):
            for way, (command, environment) in ways.items():
                found[way].append(cost(command, project, environment))
    return show(given.rows, given.format, {way: middle(costs) for way, costs in found.items()})


def fresh(folder: Path) -> Path:
    """Generate the sample and run its pipeline."""
    project = generate(folder)
    run = runner(project)
    run(["make", "setup"])
    run(["make", "run"])
    return project


def cost(command: Sequence[str], project: Path, variables: Mapping[str, str]) -> Cost:
    """Run a command to its end, and measure it."""
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.chdir(project)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execvpe(command[0], list(command), os.environ | dict(variables))  # noqa: S606  # no shell is wanted
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: ended with status {os.waitstatus_to_exitcode(status)}")
    return Cost(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each measure."""
    columns = zip(*((item.seconds, item.cpu_seconds, item.megabytes) for item in costs), strict=True)
    return Cost(*map(statistics.median, columns))


def show(rows: int, kind: str, found: Mapping[str, Cost]) -> int:
    """Print the table; 1 where a target is missed."""
    table = Table(title=f"{rows:,} rows of the flights sample, {kind}, on {os.cpu_count()} cores")
    for heading in ("way", "seconds", "CPU seconds", "rows/s", "peak MB", "times as fast", "share of memory"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    plain, missed = found["plain pandas"], False
    for way, item in found.items():
        times, share = plain.seconds / item.seconds, item.megabytes / plain.megabytes
        missed |= way == "goldenpath batch --log off" and (times < LEAST_TIMES or share > MOST_MEMORY_SHARE)
        table.add_row(way, f"{item.seconds:.1f}", f"{item.cpu_seconds:.1f}", f"{rows / item.seconds:,.0f}",
                      f"{item.megabytes:.0f}", f"{times:.1f}", f"{share:.2f}")  # fmt: skip
    pages.show(table, pages.SPEED if (rows, kind) == (ROWS, "parquet") else None, "batch")
    Console(width=110).print(f"Targets, unlogged: ≥ {LEAST_TIMES} times as fast, ≤ {MOST_MEMORY_SHARE} of the memory.")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
