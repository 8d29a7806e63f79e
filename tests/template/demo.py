"""Generate the sample project into ``build/demo`` and walk all of it: what ``make demo`` runs."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.template.steps import Step, StepError, run

TEMPLATE = Path(__file__).resolve().parents[2]
SCRATCH = TEMPLATE / "build" / "demo"
PROJECT = SCRATCH / "flight-delays"

# What make and Python set for this process would send the project's own make and Python astray.
INHERITED = ("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")

TARGETS = {
    "setup": "install the locked requirements into the project's own .venv",
    "run": "ingest, validate, split, train, evaluate and export on real flights",
    "lint": "check the project's style, formatting and types",
    "test": "run the team's tests and the conformance suite",
    "report": "write the page for technical, risk and business readers",
}
PREDICT = "answer one request with the exported model"

WHERE_TO_LOOK = {
    "reports/evaluation.html": "how good the model is, on one page",
    "contract.yaml": "what every column means; everything else is derived from it",
    "params.yaml": "every other number that changes the result",
    "models/model.onnx": "the model that is served",
    "README.md": "why each file is there",
}


def main() -> int:
    """Run the demo and return its exit code: 0 when every step succeeded, 1 otherwise."""
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    try:
        answer = _walk(console)
    except StepError as failure:
        console.print(str(failure), markup=False)
        return 1
    _tell(console, answer)
    return 0


def _walk(console: Console) -> str:
    """Generate the project and run its targets; return what the last one printed."""
    logs = _fresh_scratch()
    environment = {name: value for name, value in os.environ.items() if name not in INHERITED}
    generate = [sys.executable, "-m", "cookiecutter", str(TEMPLATE), "--no-input"]
    generate += ["--config-file", str(_cookiecutter_config()), "--output-dir", str(SCRATCH)]
    steps = [Step("generate", "make a project from the template, with its default answers", generate, TEMPLATE)]
    steps += [Step(target, says, ["make", "--no-print-directory", target], PROJECT) for target, says in TARGETS.items()]
    steps.append(Step("predict", PREDICT, [".venv/bin/goldenpath", "predict"], PROJECT))
    printed = ""
    for step in steps:
        printed = run(step, logs, environment, console)
    return printed


def _fresh_scratch() -> Path:
    """Empty the scratch folder, and return the folder for logs in it."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    logs = SCRATCH / "logs"
    logs.mkdir(parents=True)
    return logs


def _cookiecutter_config() -> Path:
    """Write a configuration that keeps the user's own cookiecutter defaults and caches out of the demo."""
    config = SCRATCH / "cookiecutter.json"  # JSON is YAML, which cookiecutter reads here
    config.write_text(json.dumps({"replay_dir": str(SCRATCH / "replay"), "default_context": {}}), encoding="utf-8")
    return config


def _tell(console: Console, answer: str) -> None:
    metrics = json.loads((PROJECT / "reports" / "metrics.json").read_text(encoding="utf-8"))
    project = PROJECT.relative_to(TEMPLATE)
    console.print(f"\n[bold]Made[/] {project}: a git repository with data, model, service, tests and reports.\n")
    console.print(metrics_table(metrics))
    console.print("\n[bold]One prediction[/]")
    console.print(answer.strip(), markup=False)
    console.print("\n[bold]Look at[/]")
    for path, says in WHERE_TO_LOOK.items():
        console.print(f"  {project / path!s:<50} [dim]{says}[/]")
    console.print("\n[bold]Do next[/]")
    for command, says in {
        "make new": "start a project with your own answers",
        f"cd {project} && make help": "see what the sample can do",
        f"cd {project} && .venv/bin/goldenpath adopt your.csv column": "run it on your own data",
    }.items():
        console.print(f"  {command}\n      [dim]{says}[/]")


def metrics_table(metrics: Mapping[str, Any]) -> Table:
    """Draw ``reports/metrics.json``: the model beside its baselines, each metric with its interval.

    Args:
        metrics: holds ``model`` (metric to estimate) and ``baseline`` (model to metric to estimate); an estimate has
            ``value``, ``low`` and ``high``, which are None where the metric is undefined.
    """
    baselines: Mapping[str, Mapping[str, Any]] = metrics["baseline"]
    table = Table(title=f"On {metrics['rows']:,} rows the model never saw", title_justify="left")
    table.add_column("metric")
    for heading in ("model", "interval", *(f"{name}\nbaseline" for name in baselines)):
        table.add_column(heading, justify="right", no_wrap=True)
    for metric, estimate in metrics["model"].items():
        interval = f"{_number(estimate['low'])} to {_number(estimate['high'])}"
        others = [_number(baseline[metric]["value"]) for baseline in baselines.values()]
        table.add_row(metric, _number(estimate["value"]), interval, *others)
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


if __name__ == "__main__":
    sys.exit(main())
