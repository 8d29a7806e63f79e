"""Drift on a million rows of twenty columns, beside Evidently's default preset on the same rows, and their verdicts.

Half of the columns are numbers and half are categories; some are shifted by a little, some by much, most not at all.
Evidently needs an older pandas than the project, so it gets a throwaway environment of its own. Seconds are CPU time of
the whole command, start and reading included, so a busy machine does not matter; memory is the peak of the process.
Ours is measured a second time on ten times the rows, beside the same base: its memory must not grow with them. The
table goes into docs/speed.md: ``make bench-drift``. ``drift.py ROWS`` measures fewer rows, and changes no page.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pages
from pipeline import IN_PROJECT, generate, runner
from rich.console import Console
from rich.table import Table

ROWS = 1_000_000
LEAST_RATIO = 15.0
MOST_MEMORY_RATIO = 1.0
TIMES_MORE = 10
MOST_GROWTH = 1.5
"""How much more memory so many times the rows may take; to keep the file in memory would take three times as much."""
EVIDENTLY = ("evidently>=0.7,<0.8", "pandas<3", "pyarrow")
MIB = 2**20


@dataclass(frozen=True)
class Run:
    """What one tool took and said.

    Attributes:
        cpu: Seconds of CPU time, user and system.
        wall: Seconds by the clock.
        peak_mib: The most memory.
        moved: The columns that it calls drifted.
    """

    cpu: float
    wall: float
    peak_mib: float
    moved: frozenset[str]


def main(rows: int) -> int:
    """Measure, print a table, and return 0 when the target is met and the verdicts agree, 1 otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        project = generate(place)
        runner(project)(["make", "setup"])
        ours_python, theirs_python = project / ".venv/bin/python", place / "evidently/bin/python"
        uv = project / ".venv/bin/uv"
        subprocess.run([uv, "venv", "--quiet", "--python", "3.11", place / "evidently"], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", theirs_python, *EVIDENTLY], check=True)
        more = rows * TIMES_MORE
        few, many = (written(place / str(count), ours_python, rows, count) for count in (rows, more))
        ours_on = [ours_python, IN_PROJECT / "drift_ours.py"]
        ours = measured([*ours_on, few, project / "contract.yaml"])
        theirs = measured([theirs_python, IN_PROJECT / "drift_evidently.py", few])
        larger = measured([*ours_on, many, project / "contract.yaml"])
        shifts = json.loads((few / "shifts.json").read_text(encoding="utf-8"))
    growth = larger.peak_mib / ours.peak_mib
    ratio, agree = theirs.cpu / ours.cpu, ours.moved == theirs.moved
    table = Table(title=f"Drift of {rows:,} rows by {len(shifts)} columns on {os.cpu_count()} cores")
    for heading in ("what", "ours", "Evidently", "ratio", "target"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    table.add_row("CPU time, whole command", f"{ours.cpu:.1f} s", f"{theirs.cpu:.1f} s", f"{ratio:.0f}",
                  f"≥ {LEAST_RATIO:.0f}")  # fmt: skip
    table.add_row("by the clock", f"{ours.wall:.1f} s", f"{theirs.wall:.1f} s", f"{theirs.wall / ours.wall:.0f}", "")
    memory = ours.peak_mib / theirs.peak_mib
    table.add_row("peak memory", f"{ours.peak_mib:,.0f} MiB", f"{theirs.peak_mib:,.0f} MiB", f"{memory:.2f}",
                  f"≤ {MOST_MEMORY_RATIO:.0f}")  # fmt: skip
    table.add_row("columns that moved", str(len(ours.moved)), str(len(theirs.moved)), "the same" if agree else "differ",
                  "the same")  # fmt: skip
    table.add_row(f"{more:,} rows, CPU time", f"{larger.cpu:.1f} s", "", "", "")
    table.add_row(f"{more:,} rows, by the clock", f"{larger.wall:.1f} s", "", "", "")
    table.add_row(f"{more:,} rows, peak memory", f"{larger.peak_mib:,.0f} MiB", "", f"{growth:.2f} of {rows:,} rows",
                  f"≤ {MOST_GROWTH:g}")  # fmt: skip
    pages.show(table, pages.SPEED if rows >= ROWS else None, "drift")
    console = Console(width=110)
    for name in sorted(ours.moved ^ theirs.moved):
        console.print(f"{name}, {shifts[name]}: {'only ours' if name in ours.moved else 'only Evidently'} says moved")
    return int(ratio < LEAST_RATIO or memory > MOST_MEMORY_RATIO or growth > MOST_GROWTH or not agree)


def written(folder: Path, python: Path, base: int, now: int) -> Path:
    """A folder with so many rows of the base and of now."""
    folder.mkdir()
    subprocess.run([python, IN_PROJECT / "drift_rows.py", folder, str(base), str(now)], check=True)
    return folder


def measured(command: list[Path | str]) -> Run:
    """Run a command that prints the columns that moved as JSON, and measure it."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    timed = [sys.executable, "-c", WRAPPED, *map(str, command)]
    told = json.loads(subprocess.run(timed, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(cpu, time.perf_counter() - started, told["peak_kib"] * 1024 / MIB, frozenset(told["moved"]))


WRAPPED = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], check=True, stdout=subprocess.PIPE, text=True)
moved = json.loads(done.stdout.splitlines()[-1])
print(json.dumps({"moved": moved, "peak_kib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}))
"""
"""The peak of one child: the operating system keeps only the highest of all children of a process."""


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
