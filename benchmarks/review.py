"""How long a review takes: a generated project in a fresh process, and a hundred small repositories in one command.

Each is measured beside ``repo-review`` with the checks of ``sp-repo-review``, which asks for files and settings only,
on the same repositories in the same run; both have their modules compiled. With a folder as its argument, that project
is reviewed in place of one that is generated here and has not run its pipeline.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipeline import alternate, generate, seconds
from rich.console import Console
from rich.table import Table

TEMPLATE = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
INSTEAD = ("repo-review[cli]>=1.3,<2", "sp-repo-review>=2026.8")
REPOSITORIES = 100
MOST_SECONDS_ONE = 0.5
MOST_SECONDS_FLEET = 15.0

MANIFEST = """\
product:
  name: {name}
  purpose: Which customers leave next month?
  owner: "@acme/churn"
  contact: churn@example.com
  criticality: medium
serving: [batch]
"""
NOTEBOOK = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
CODE = """\
from sklearn.linear_model import LogisticRegression


def train(rows, labels):
    return LogisticRegression().fit(rows, labels)
"""
TESTS = """\
from churn.train import train


def test_it_learns():
    assert train([[0.0], [1.0]], [0, 1]).predict([[1.0]])[0] == 1
"""
CI = """\
name: CI
on: [pull_request]
permissions: {}
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: pip install --group dev .
      - run: pytest
"""
PACKAGE = {
    "pyproject.toml": '[project]\nname = "churn"\nversion = "1.0.0"\nrequires-python = ">=3.11"\n',
    "README.md": "# Churn\n\nWho leaves next month.\n",
    "src/churn/__init__.py": "",
    "src/churn/train.py": CODE,
    "tests/test_train.py": TESTS,
}
STAGES = (
    "stages:\n  train:\n    cmd: python -m churn.train\n    deps: [src/churn/train.py]\n    params: [model.depth]\n"
)
SHAPES = {
    "notebooks": {"explore.ipynb": NOTEBOOK, "final.ipynb": NOTEBOOK, "requirements.txt": "pandas\n"},
    "package": {**PACKAGE, ".github/workflows/ci.yml": CI},
    "dvc": {**PACKAGE, "dvc.yaml": STAGES, "params.yaml": "model: {depth: 3}\n"},
    "mlflow": {**PACKAGE, "MLproject": "name: churn\n", "src/churn/track.py": "import mlflow\n\nmlflow.autolog()\n"},
}


def main(arguments: Sequence[str]) -> int:
    """Measure, print a table, and return 0 when every target is met, 1 otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        project = Path(arguments[0]).resolve() if arguments else generate(work)
        instead = install(work / "instead")
        subprocess.run([sys.executable, "-m", "compileall", "-q", TEMPLATE / "src"], check=True)
        fleet = make_fleet(work / "fleet")
        ours, theirs = alternate(
            lambda: run([BIN / "goldenpath", "check", project, "--format", "json"]),
            lambda: run([instead, "--format", "json", project], codes=(0, 2, 3)),
        )
        report: list[str] = []
        whole = seconds(lambda: report.append(run([BIN / "goldenpath", "check", work / "fleet", "--format", "json"])))
        others = seconds(lambda: run([instead, "--format", "json", *fleet], codes=(0, 2, 3)))
    reviewed = len(json.loads(report[0])["products"])
    if reviewed != REPOSITORIES:
        raise SystemExit(f"{reviewed} of {REPOSITORIES} repositories were reviewed")
    one, other = statistics.median(ours), statistics.median(theirs)
    table = Table(title=f"A review on {os.cpu_count()} cores")
    for heading in ("what", "goldenpath", "repo-review", "ratio", "target"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    rows = (("one generated project, cold", one, other, MOST_SECONDS_ONE),
            (f"{REPOSITORIES} small repositories", whole, others, MOST_SECONDS_FLEET))  # fmt: skip
    for what, mine, its, most in rows:
        table.add_row(what, f"{mine:.2f} s", f"{its:.2f} s", f"{mine / its:.2f}", f"≤ {most:.1f} s")
    Console(width=110).print(table)
    return int(one > MOST_SECONDS_ONE or whole > MOST_SECONDS_FLEET)


def install(folder: Path) -> Path:
    """Install what one would use instead into an environment of its own, and return its command."""
    uv = BIN / "uv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    command: list[str | Path] = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--compile-bytecode",
        "--python",
        folder / "bin/python",
        *INSTEAD,
    ]
    subprocess.run(command, check=True)
    return folder / "bin/repo-review"


def make_fleet(folder: Path) -> list[Path]:
    """Make the repositories: clones of a few shapes, each with a name and a change of its own."""
    found = []
    for number in range(REPOSITORIES):
        shape = list(SHAPES)[number % len(SHAPES)]
        repository, first = folder / f"{shape}-{number}", folder / f"{shape}-{list(SHAPES).index(shape)}"
        if repository != first:
            shutil.copytree(first, repository)
        else:
            repository.mkdir(parents=True)
            git(repository, "init", "--quiet", "--initial-branch=main")
            write(repository, {**SHAPES[shape], "golden-path.yaml": MANIFEST.format(name=shape)})
        write(repository, {"golden-path.yaml": MANIFEST.format(name=f"{shape} {number}")})
        git(repository, "add", "--all")
        git(repository, "commit", "--quiet", "--message", f"Make number {number}")
        found.append(repository)
    return found


def write(repository: Path, files: dict[str, str]) -> None:
    """Write files, with the folders above them."""
    for path, text in files.items():
        file = repository / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def git(repository: Path, *words: str) -> None:
    """Run git as a person of no account."""
    person = ("-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.com")
    subprocess.run(["git", *person, *words], cwd=repository, check=True)


def run(command: Sequence[str | Path], codes: Sequence[int] = (0,)) -> str:
    """Run a command as a user would, its modules compiled, and return what it prints.

    Raises:
        SystemExit: It ended with another exit code than these.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode not in codes:
        raise SystemExit(f"{command[0]} ended with exit code {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
