"""The report as one self-contained page in the house style."""

from __future__ import annotations

from goldenpath.gates.report.outline import Cell, Outline
from goldenpath.reports import page

TEMPLATE = "pull_request.html.j2"


def render(outline: Outline) -> str:
    """Write the page."""
    return page.render(
        TEMPLATE,
        title=f"{outline.product}: pull request",
        outline=outline,
        anchors=[f"part-{place}" for place in range(len(outline.sections))],
        kind_of=_kind,
    )


def _kind(cell: Cell) -> str:
    return type(cell).__name__
