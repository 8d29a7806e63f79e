"""How long the command takes to start, and the stranger's first minutes, into docs/speed.md: ``make bench-command``.

Starts are medians of processes run in turn, beside the start of Python itself and of DVC's command, which a user would
type instead. The demo runs once in a fresh clone; its parts are what it printed.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pages
from pipeline import TEMPLATE, generate, runner
from rich.table import Table

REPEATS = 15
BIN = Path(sys.executable).parent
MOST_HELP_SECONDS, MOST_CHECK_SECONDS, MOST_GENERATION_SECONDS = 0.15, 0.4, 1.5
MOST_DEMO = {"all": 150.0, "test": 25.0, "lint": 6.0}


def main() -> int:
    """Measure, print two tables, and return 0 when every target is met, 1 otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        missed = starts(Path(folder))
        missed |= demo(Path(folder))
    return int(missed)


def starts(scratch: Path) -> bool:
    """Start each command in turn; tell whether a target is missed."""
    (scratch / "first").mkdir()
    project = generate(scratch / "first")
    goldenpath = str(BIN / "goldenpath")
    places = iter(range(1, 1000))
    commands: dict[str, Callable[[], Sequence[str]]] = {
        "python -c pass": lambda: [sys.executable, "-c", "pass"],
        "dvc --help": lambda: [str(BIN / "dvc"), "--help"],
        "goldenpath --help": lambda: [goldenpath, "--help"],
        "goldenpath status": lambda: [goldenpath, "status"],
        "goldenpath stage --help": lambda: [goldenpath, "stage", "--help"],
        "goldenpath check": lambda: [goldenpath, "check"],
        "cookiecutter (generation)": lambda: [
            *(sys.executable, "-m", "cookiecutter", "--no-input"),
            *("--output-dir", str(scratch / f"made-{next(places)}"), str(TEMPLATE)),
        ],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(REPEATS):
        for name, words in commands.items():
            times[name].append(taken(words(), project))
    medians = {name: statistics.median(values) for name, values in times.items()}
    targets = {
        "goldenpath --help": MOST_HELP_SECONDS,
        "goldenpath check": MOST_CHECK_SECONDS,
        "cookiecutter (generation)": MOST_GENERATION_SECONDS,
    }
    table = Table(title=f"Starts, medians of {REPEATS}, {os.cpu_count()} cores")
    for heading in ("command", "median", "times dvc --help", "target"):
        table.add_column(heading, justify="left" if heading == "command" else "right")
    for name, median in medians.items():
        target = f"≤ {targets[name]} s" if name in targets else ""
        table.add_row(name, f"{median:.2f} s", f"{median / medians['dvc --help']:.2f}", target)
    pages.show(table, pages.SPEED, "command")
    return any(medians[name] > most for name, most in targets.items())


def demo(scratch: Path) -> bool:
    """Walk ``make demo`` in a fresh clone whose environment is installed; tell whether a target is missed."""
    clone = scratch / "clone"
    subprocess.run(["git", "clone", "--quiet", str(TEMPLATE), str(clone)], check=True)
    run = runner(clone)
    run(["make", "setup"])
    started = time.perf_counter()
    printed = run(["make", "demo"])
    parts = {name: float(seconds) for name, seconds in re.findall(r"^ok +(\w+) +([\d.]+) s", printed, re.MULTILINE)}
    parts = {"all": time.perf_counter() - started, **parts}
    table = Table(title="make demo")
    for heading in ("part", "seconds", "target"):
        table.add_column(heading, justify="left" if heading == "part" else "right")
    for name, seconds in parts.items():
        table.add_row(name, f"{seconds:.1f}", f"≤ {MOST_DEMO[name]:.0f} s" if name in MOST_DEMO else "")
    pages.show(table, pages.SPEED, "demo")
    return any(parts.get(name, most) > most for name, most in MOST_DEMO.items())


def taken(command: Sequence[str], folder: Path) -> float:
    """Seconds that a process takes, whatever it ends with."""
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
