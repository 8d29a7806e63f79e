"""Every gate by its name: when it applies, how it is run, and all of them after each other.

A gate is imported when it is run, so that each loads only what it needs.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from goldenpath.gates.verdict import EXIT_CODES, Outcome, Verdict, of_error
from goldenpath.project import contract
from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit
from goldenpath.project.paths import DVC_LOCK, SIGNATURE


@dataclass(frozen=True)
class Gate:
    """A gate.

    Attributes:
        about: What it asks.
        needs: The file or folder without which there is nothing to judge.
        run: Judges the project in a folder, beside a branch, tag or commit.
    """

    about: str
    needs: Path
    run: Callable[[Path, str], Outcome]


def run(name: str, root: Path, ref: str) -> Outcome:
    """Run one gate; an error becomes its verdict.

    Args:
        name: A key of :data:`GATES`.
        root: The project's folder.
        ref: The branch, tag or commit to compare with.
    """
    try:
        return GATES[name].run(root, ref)
    except ProjectError as error:
        return Outcome(name, of_error(error), " ".join(str(error).split()))


def run_all(root: Path, ref: str) -> list[Outcome]:
    """Run every gate that applies, and say of the others why they do not.

    Args:
        root: The project's folder.
        ref: The branch, tag or commit to compare with.
    """
    outcomes = []
    for name in GATES:
        reason = obstacle(name, root)
        outcomes.append(Outcome(name, "n/a", reason) if reason else run(name, root, ref))
    return outcomes


def obstacle(name: str, root: Path) -> str:
    """Why a gate does not apply here; empty where it does."""
    needs = GATES[name].needs
    if not (root / needs).exists():
        return f"There is no {needs}."
    docker = os.environ.get("DOCKER") or "docker"
    if name == "image" and shutil.which(docker) is None:
        return f"{docker} is not installed, so no image can be looked at."
    return ""


def table(outcomes: Iterable[Outcome]) -> None:
    """Print one line for each gate: name, verdict, reason."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from goldenpath.gates.model.gate import NARROWEST
    from goldenpath.gates.model.render import STYLES

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("Gate", "Verdict", "Finding"):
        shown.add_column(column, overflow="fold", no_wrap=column != "Finding")
    for outcome in outcomes:
        shown.add_row(outcome.gate, Text(outcome.verdict, STYLES[outcome.verdict]), Text(outcome.summary))
    (Console() if sys.stdout.isatty() else Console(width=NARROWEST)).print(shown)


def _contract(root: Path, ref: str) -> Outcome:
    from goldenpath.gates import contract_change

    return contract_change.run(root, ref)


def _data(root: Path, ref: str) -> Outcome:
    from goldenpath.gates import data_change

    return data_change.run(root, ref)


def _lock(root: Path, _: str) -> Outcome:
    from goldenpath.gates import lock

    return lock.run(root)


def _secrets(root: Path, _: str) -> Outcome:
    from goldenpath.gates import secrets

    return secrets.run(root)


def _dependencies(root: Path, _: str) -> Outcome:
    from goldenpath.gates import dependencies

    return dependencies.run(root)


def _workflows(root: Path, _: str) -> Outcome:
    from goldenpath.gates import workflows

    return workflows.run(root)


def _rendered(root: Path, _: str) -> Outcome:
    from goldenpath.delivery import render
    from goldenpath.gates.gate import summary

    if stale := render.check(root):
        print(*stale, sep="\n")
        return Outcome("rendered", "fail", summary(stale))
    return Outcome("rendered", "pass", "Every rendered file follows from the settings.")


def _deploy(root: Path, _: str) -> Outcome:
    from goldenpath.delivery import validate

    return _of_exit("deploy", validate.validate(root))


def _image(root: Path, _: str) -> Outcome:
    from goldenpath.delivery.image import check

    return _of_exit("image", check.check(root))


def _model(root: Path, ref: str) -> Outcome:
    from goldenpath.gates.model import gate

    return gate.run(root, ref)


def _of_exit(name: str, ended: Exit) -> Outcome:
    verdicts: tuple[Verdict, ...] = ("pass", "fail", "inconclusive")
    verdict = next(item for item in verdicts if EXIT_CODES[item] == ended)
    return Outcome(name, verdict, "" if verdict == "pass" else "The reasons stand above.")


GATES: Mapping[str, Gate] = {
    "contract": Gate("whether the contract's version tells what breaks", contract.PATH, _contract),
    "data": Gate("rows, violations and drift beside the base", DVC_LOCK, _data),
    "lock": Gate("whether dvc.lock describes what is here", Path("dvc.yaml"), _lock),
    "secrets": Gate("keys and tokens in everything that git holds", Path(), _secrets),
    "deps": Gate("vulnerable, unused and missing packages", Path("pyproject.toml"), _dependencies),
    "workflows": Gate("mistakes and holes in workflows", Path(".github/workflows"), _workflows),
    "deploy": Gate("manifests against schemas and rules", Path("deploy"), _deploy),
    "rendered": Gate("whether rendered files follow from the settings", Path("golden-path.yaml"), _rendered),
    "model": Gate("the model beside the champion of the base", SIGNATURE, _model),
    "image": Gate("size, user, start, prediction and stop of the container image", Path("Dockerfile"), _image),
}
