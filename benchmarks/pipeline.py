"""How long the generated sample takes: the whole pipeline, a pipeline with nothing to do, and one prediction.

Each is measured beside what a user would run instead, in the same run: a plain script that reads, joins, trains and
scores without any of the platform's checks; a bare ``dvc repro``; scikit-learn's own pipeline on a one-row DataFrame.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

TEMPLATE = Path(__file__).resolve().parents[1]
IN_PROJECT = TEMPLATE / "benchmarks" / "in_project"  # scripts for the generated project and its environment
REPEATS = 9
MOST_SECONDS = 90.0
MOST_NO_OP_RATIO = 1.3
LEAST_PREDICTION_RATIO = 100.0


def main() -> int:
    """Measure in a fresh project, print a table, and return 0 when every target is met, 1 otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        project = generate(Path(folder))
        run = runner(project)
        run(["make", "setup"])
        plain = seconds(lambda: run([".venv/bin/python", str(IN_PROJECT / "plain_flights.py")]))
        whole = seconds(lambda: run(["make", "run"]))
        bare, ours = alternate(lambda: run([".venv/bin/dvc", "repro"]), lambda: run(["make", "run"]))
        one_row = json.loads(run([".venv/bin/python", str(IN_PROJECT / "one_prediction.py")]))
    no_op = statistics.median(ours) / statistics.median(bare)
    prediction = one_row["scikit_learn_us"] / one_row["predictor_us"]
    table = Table(title=f"The flights sample on {os.cpu_count()} cores")
    for heading in ("what", "ours", "instead", "ratio", "target"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    table.add_row("whole pipeline, from raw data", f"{whole:.1f} s", f"plain script {plain:.1f} s",
                  f"{whole / plain:.1f}", f"≤ {MOST_SECONDS:.0f} s")  # fmt: skip
    table.add_row("pipeline with nothing to do", f"{statistics.median(ours):.2f} s",
                  f"dvc repro {statistics.median(bare):.2f} s", f"{no_op:.2f}", f"≤ {MOST_NO_OP_RATIO}")  # fmt: skip
    table.add_row("one prediction", f"{one_row['predictor_us']:.0f} µs",
                  f"scikit-learn {one_row['scikit_learn_us']:.0f} µs", f"{prediction:.0f}",
                  f"≥ {LEAST_PREDICTION_RATIO:.0f}")  # fmt: skip
    Console(width=110).print(table)
    return int(whole > MOST_SECONDS or no_op > MOST_NO_OP_RATIO or prediction < LEAST_PREDICTION_RATIO)


def generate(folder: Path) -> Path:
    """Generate the sample into ``folder`` and return its path."""
    config = folder / "config.json"
    config.write_text(json.dumps({"replay_dir": str(folder / "replay")}))
    command = [sys.executable, "-m", "cookiecutter", str(TEMPLATE), "--no-input"]
    subprocess.run([*command, "--config-file", str(config), "--output-dir", str(folder)], check=True, stdout=sys.stderr)
    return folder / "flight-delays"


def runner(project: Path, variables: Mapping[str, str] | None = None) -> Callable[[Sequence[str]], str]:
    """Return a function that runs a command in the project, with its tools first on PATH, and returns its output.

    Args:
        project: The project's folder.
        variables: Added to the environment.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment = {**inherited, **(variables or {})} | {"PATH": f"{project / '.venv/bin'}:{os.environ['PATH']}"}

    def run(command: Sequence[str]) -> str:
        done = subprocess.run(command, cwd=project, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout

    return run


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def alternate(first: Callable[[], object], second: Callable[[], object]) -> tuple[list[float], list[float]]:
    """Time two actions in turn, so that both meet the same noise."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS):
        times[0].append(seconds(first))
        times[1].append(seconds(second))
    return times


if __name__ == "__main__":
    sys.exit(main())
