"""The findings for people: a table in the terminal, and rows for a page in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from goldenpath.reports import formatting

STYLES = {"pass": "green", "fail": "bold red", "inconclusive": "bold yellow", "n/a": "dim"}
SIGNS = {
    "pass": "\N{WHITE HEAVY CHECK MARK}",
    "fail": "\N{CROSS MARK}",
    "inconclusive": "\N{WARNING SIGN}",
    "n/a": formatting.UNKNOWN,
}
COLUMNS = ("Gate", "Verdict", "Value", "Limit", "Finding")
UNBROKEN = ("Gate", "Verdict", "Value")
COMPARED = ("non_inferiority", "segment_non_inferiority", "calibration.margin")
"""The gates whose value is a difference, told with its sign."""


def markdown_rows(report: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The gates as rows of a table in Markdown, red ones first.

    Args:
        report: The content of ``reports/gates.json``.

    Returns:
        One cell for each of :data:`COLUMNS`, safe between pipes.
    """
    gates = sorted(report["gates"], key=lambda gate: {"fail": 0, "inconclusive": 1}.get(gate["verdict"], 2))
    return [
        tuple(
            _cell(text)
            for text in (
                f"`{gate['name']}`",
                f"{SIGNS[gate['verdict']]} {gate['verdict']}",
                value(gate),
                gate["limit"],
                " ".join(filter(None, (gate["reason"], gate["fix"] and f"**To fix:** {gate['fix']}"))),
            )
        )
        for gate in gates
    ]


def markdown(report: Mapping[str, Any]) -> str:
    """The whole finding as Markdown: the verdict, the table, and the notes."""
    table = ["| " + " | ".join(cells) + " |" for cells in (COLUMNS, ["---"] * len(COLUMNS), *markdown_rows(report))]
    notes = [f"- {_cell(note)}" for note in report["notes"]]
    lines = [f"**{headline(report)}**", "", _cell(report["champion"]["reason"]), "", *table, "", *notes]
    return "\n".join(lines).rstrip() + "\n"


def headline(report: Mapping[str, Any]) -> str:
    """The verdict in one sentence, with the gates that made it."""
    red = [gate["name"] for gate in report["gates"] if gate["verdict"] == report["verdict"]]
    if report["verdict"] == "pass":
        return f"The model gate is green: {formatting.counted(len(red), 'gate')} held."
    told = "red" if report["verdict"] == "fail" else "inconclusive"
    return f"The model gate is {told}: {formatting.listed(red, 8)}."


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print the findings as a table, then what to do about each red one."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, overflow="fold", no_wrap=column in UNBROKEN)
    for gate in report["gates"]:
        verdict = Text(gate["verdict"], STYLES[gate["verdict"]])
        table.add_row(gate["name"], verdict, value(gate), gate["limit"], gate["reason"])
    console.print(f"Champion: {report['champion']['reason']}", highlight=False, markup=False)
    console.print(table)
    for fix in dict.fromkeys(gate["fix"] for gate in report["gates"] if gate["fix"]):
        asking = formatting.listed([gate["name"] for gate in report["gates"] if gate["fix"] == fix], 8)
        console.print(f"{asking}: {fix}", highlight=False, markup=False, soft_wrap=True)
    for note in report["notes"]:
        console.print(f"Note: {note}", highlight=False, markup=False, soft_wrap=True)
    console.print(Text(headline(report), STYLES[report["verdict"]]), soft_wrap=True)


def value(gate: Mapping[str, Any]) -> str:
    """What was measured, with its interval where it has one; a difference with its sign."""
    if gate["value"] is None:
        return ""
    found = formatting.Estimate(gate["value"], gate["low"], gate["high"])
    return formatting.estimate(found, sign=gate["name"].startswith(COMPARED))


def _cell(text: str) -> str:
    """Text that stays in its cell and is read as text."""
    escaped = formatting.harmless(text).replace("|", "\\|").replace("<", "&lt;")
    return " ".join(escaped.split())
