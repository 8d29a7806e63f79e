"""What ``goldenpath adopt`` reaches on public tables, beside the scikit-learn model that a user would train instead.

Each table is adopted into the same generated project with no code edited, its pipeline runs, and
``in_project/baseline.py`` trains gradient boosting with default settings on the same rows and features. The table of
results replaces the one between the markers of ``docs/adopt.md``. Name tables to run those only and change no file.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets import DATASETS, Dataset, install, obtain
from pipeline import IN_PROJECT, TEMPLATE, generate, runner
from rich.console import Console

PAGE = TEMPLATE / "docs" / "adopt.md"
BEGIN, END = "<!-- results: written by benchmarks/adopt_datasets.py -->", "<!-- end of results -->"
CACHE = TEMPLATE / "build" / "datasets"
METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "mae"}
SHOWN = {"roc_auc": "ROC AUC ↑", "log_loss": "log loss ↓", "mae": "MAE ↓"}
HEADINGS = ("table", "what is hard about it", "rows", "target", "split", "score", "adopted", "plain", "seconds")


@dataclass(frozen=True)
class Result:
    """What came out for one table.

    Attributes:
        dataset: Which table.
        rows: Rows of the file.
        split: How the rows were divided.
        metric: The metric's name.
        ours: The adopted project's score on the test part, with its interval.
        plain: The score of scikit-learn's defaults on the same rows.
        seconds: Of ``goldenpath adopt`` and ``make run`` together.
    """

    dataset: Dataset
    rows: int
    split: str
    metric: str
    ours: tuple[float, float, float]
    plain: float
    seconds: float


def main(names: Sequence[str]) -> int:
    """Run all tables, or those named; return 0, or 1 when one could not be adopted or trained on."""
    chosen = [dataset for dataset in DATASETS if not names or dataset.name in names]
    results, failed = [], []
    with tempfile.TemporaryDirectory() as folder:
        project = generate(Path(folder))
        run = runner(project)
        run(["make", "setup"])
        packages = install(CACHE / "packages")
        for dataset in chosen:
            path = obtain(dataset, packages, project / ".venv/bin/python", CACHE / "tables")
            try:
                results.append(measure(dataset, path, project, run))
            except subprocess.CalledProcessError as error:
                failed.append(f"{dataset.name}: {error}")
            else:
                Console().print(" | ".join(cells(results[-1])))
    if failed:
        print("\n".join(failed), file=sys.stderr)
    elif not names:
        write(results)
    return int(bool(failed))


def measure(dataset: Dataset, path: Path, project: Path, run: Callable[[Sequence[str]], str]) -> Result:
    """Adopt one table into the project as it was generated, train, and score.

    Raises:
        subprocess.CalledProcessError: A command failed; it has said why.
    """
    run(["git", "reset", "--hard", "--quiet"])
    run(["git", "clean", "-fdxq", "--exclude=.venv"])
    started = time.perf_counter()
    run([".venv/bin/goldenpath", "adopt", str(path), *dataset.words])
    run(["make", "run"])
    seconds = time.perf_counter() - started
    metrics = json.loads((project / "reports/metrics.json").read_text(encoding="utf-8"))
    split = json.loads((project / "models/lineage.json").read_text(encoding="utf-8"))
    plain = json.loads(run([".venv/bin/python", str(IN_PROJECT / "baseline.py")]))
    metric = METRICS[metrics["task"]]
    estimate = metrics["model"][metric]
    return Result(
        dataset,
        rows=json.loads((project / "reports/validation.json").read_text(encoding="utf-8"))["rows"],
        split=split["predicate"]["buildDefinition"]["externalParameters"]["split"]["by"],
        metric=metric,
        ours=(estimate["value"], estimate["low"], estimate["high"]),
        plain=plain["scores"][metric],
        seconds=seconds,
    )


def cells(result: Result) -> list[str]:
    """A row of the table: the better score bold, unless the interval holds both."""
    value, low, high = result.ours
    ours, plain = f"{number(value)} [{number(low)}, {number(high)}]", number(result.plain)
    higher = result.metric == "roc_auc"
    if not low <= result.plain <= high:
        if (value > result.plain) is higher:
            ours = f"**{ours}**"
        else:
            plain = f"**{plain}**"
    return [
        f"{result.dataset.name} ({result.dataset.ships_in})",
        result.dataset.hard,
        f"{result.rows:,}",
        result.dataset.target,
        result.split,
        SHOWN[result.metric],
        ours,
        plain,
        f"{result.seconds:.0f}",
    ]


def number(value: float) -> str:
    """Three or four digits, as a person would write them."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def write(results: Sequence[Result]) -> None:
    """Put the table between the page's markers."""
    rows = [list(HEADINGS), ["---"] * len(HEADINGS), *map(cells, results)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    text = PAGE.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN)], text[text.index(END) :]
    PAGE.write_text(f"{before}{BEGIN}\n\n{table}\n\n{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
