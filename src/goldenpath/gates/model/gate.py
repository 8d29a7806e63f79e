"""The model gate: judge the model, print the findings, and keep them in ``reports/gates.json``."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from goldenpath.gates.model import render
from goldenpath.gates.model.judge import judge
from goldenpath.gates.verdict import InconclusiveError, Outcome
from goldenpath.project import files
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import GATES
from goldenpath.repository import facts

GATE = "model"
NARROWEST = 140
"""Columns of the table where nobody looks at it in a terminal, as in the log of a CI job."""


def run(root: Path, ref: str) -> Outcome:
    """Judge the model of a project's work tree beside the champion of a base.

    Args:
        root: The project's folder.
        ref: The branch, tag or commit from whose merge base the champion is taken.

    Raises:
        InconclusiveError: The candidate itself cannot be judged; no report is left then.
    """
    (root / GATES).unlink(missing_ok=True)
    try:
        report = judge(root, ref)
    except ProjectError as error:
        raise InconclusiveError(str(error)) from error
    content = report.to_json()
    files.write_json(root / GATES, content)
    red = [gate.name for gate in report.gates if gate.verdict == "fail"]
    facts.tell({"gate": report.verdict, "model": report.model, "base": report.champion.commit, "failed": red})
    render.show(content, Console() if sys.stdout.isatty() else Console(width=NARROWEST))
    return Outcome(GATE, report.verdict, render.headline(content))
