"""How every gate ends: a report for machines, the same in words for people, and an exit code for make."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit

EXIT_CODES = {"pass": 0, "fail": 1, "inconclusive": 3}
SCHEMA = 1
"""Version of the reports; it rises when a reader would have to follow."""
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The environment variable by which GitHub names a file for what the job's page should show."""

Report = dict[str, Any]


class InconclusiveError(ProjectError):
    """What has to be compared is not here, so nothing is known.

    Attributes:
        reason: What is missing, and where it was looked for.
        mend: The command that brings it.
    """

    exit_code = Exit.INCONCLUSIVE
    outcome = "is inconclusive"

    def __init__(self, reason: str, mend: str = "") -> None:
        super().__init__(f"{reason} {mend}".rstrip())
        self.reason, self.mend = reason, mend


def run(gate: str, path: Path, judge: Callable[[], Report], markdown: Callable[[Report], str]) -> int:
    """Judge, write the report, and show it.

    Args:
        gate: The gate's name, which is its make target.
        path: Where the report goes, as JSON: ``schema``, ``gate``, ``verdict`` (``pass``, ``fail`` or
            ``inconclusive``), ``reasons`` (what turned it red, one sentence each), and what else ``judge`` returns.
        judge: Looks, and returns ``verdict``, ``reasons`` and its findings.
        markdown: Puts such a report into words.

    Returns:
        0 when the gate is green, 1 when it is red, 3 when nothing is known.
    """
    try:
        found = judge()
    except ProjectError as error:
        verdict = "inconclusive" if isinstance(error, InconclusiveError) else "fail"
        found = {"verdict": verdict, "reasons": str(error).splitlines()}
    report = {"schema": SCHEMA, "gate": gate, **found}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    text = markdown(report)
    print(text)
    if summary := os.environ.get(STEP_SUMMARY):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
    if report["verdict"] != "pass":
        print(f"{gate} {_OUTCOMES[report['verdict']]}; the reasons stand above and in {path}.", file=sys.stderr)
    return EXIT_CODES[report["verdict"]]


def heading(title: str, report: Report) -> list[str]:
    """The first lines of a report in Markdown: title, verdict, reasons."""
    reasons = [f"- {cell(reason)}" for reason in report["reasons"]]
    return [f"### {title}: {report['verdict']}", "", *reasons, *([""] if reasons else [])]


def table(header: list[str], rows: list[list[Any]]) -> list[str]:
    """A Markdown table, and an empty line behind it; no line at all without rows."""
    if not rows:
        return []
    lines = [header, ["---"] * len(header), *rows]
    return [*("| " + " | ".join(cell(value) for value in line) + " |" for line in lines), ""]


def cell(value: Any) -> str:
    """A value as it may stand in a table: on one line, and what Markdown or HTML would read as its own, disarmed."""
    return re.sub(r"([\\|`*\[\]])", r"\\\1", " ".join(str(value).split())).replace("<", "&lt;")


_OUTCOMES = {"fail": "failed", "inconclusive": "knows nothing"}
