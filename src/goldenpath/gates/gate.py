"""How a check ends: a report for machines, the same in words for people, and its outcome."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from goldenpath.gates import github
from goldenpath.gates.verdict import SCHEMA, Outcome, of_error
from goldenpath.project import files
from goldenpath.project.errors import ProjectError
from goldenpath.reports import formatting

Report = dict[str, Any]


def run(gate: str, path: Path, judge: Callable[[], Report], markdown: Callable[[Report], str]) -> Outcome:
    """Judge, write the report, and show it.

    Args:
        gate: The gate's name.
        path: Where the report goes, as JSON: ``schema``, ``gate``, ``verdict`` (``pass``, ``fail`` or
            ``inconclusive``), ``reasons`` (what turned it red, one sentence each), and what else ``judge`` returns.
        judge: Looks, and returns ``verdict``, ``reasons`` and its findings.
        markdown: Puts such a report into words.
    """
    try:
        judged = judge()
    except ProjectError as error:
        judged = {"verdict": of_error(error), "reasons": str(error).splitlines()}
    report = {"schema": SCHEMA, "gate": gate, **judged}
    files.write_json(path, report)
    text = markdown(report)
    print(text)
    github.summarize(f"{text}\n")
    return Outcome(gate, report["verdict"], summary(report["reasons"]))


def summary(reasons: Sequence[str]) -> str:
    """The first reason, and how many there are besides; empty where there is none."""
    if not reasons:
        return ""
    first, *others = reasons
    return first if not others else f"{first} And {formatting.counted(len(others), 'finding')} more."


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
