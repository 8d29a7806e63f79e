"""The review as one HTML file for a meeting: no network, no scripts, fit for a phone and for paper."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from goldenpath.reports.report import SIGNS, PartView, Point, Report, Row, gate_answer, web_link
from goldenpath.review.levels import HIGHEST, MEANINGS
from goldenpath.review.ratchet import Kind
from goldenpath.standards.verdict import Status

HERE = Path(__file__).parent
TONES = {
    Status.PASS: "good",
    Status.ATTESTED: "good",
    Status.NOT_APPLICABLE: "quiet",
    Status.WAIVED: "mixed",
    Status.UNKNOWN: "mixed",
    Status.FAIL: "bad",
    Status.ERROR: "bad",
}
GATE_TONES = {"green": "good", "inconclusive": "mixed", "red": "bad"}


def render(reports: Sequence[Report], beside: Path | None = None) -> str:
    """Write the page.

    Args:
        reports: One for each product.
        beside: The folder that the page will lie in, for links to files where no forge is known; the folder of each
            product unless told.
    """
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["words"] = _words
    template = environment.get_template("review.html.j2")
    return template.render(
        reports=reports,
        css=Markup((HERE / "templates" / "review.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        answer=gate_answer(reports),
        highest=HIGHEST,
        meanings=MEANINGS,
        signs=SIGNS,
        tones=TONES,
        gate_tones=GATE_TONES,
        undecided=Kind.UNDECIDED,
        gate_answer=gate_answer,
        web_link=web_link,
        is_open=_is_open,
        chart=_chart,
        href=lambda report, path, line=None: _href(report, path, line, beside),
        tally=_tally,
    )


def _words(text: str) -> Markup:
    """Text, escaped, in which what stands between backticks is set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


def _href(report: Report, path: str, line: int | None, beside: Path | None) -> str:
    """Where a file is seen: on the forge, or on disk as seen from the page; empty where there is no such file."""
    if not report.has(path):
        return ""
    if url := report.url(path, line):
        return url
    here = (beside or report.root).resolve()
    # A leading ./ keeps a file whose name looks like a scheme from being one.
    return f"./{quote(os.path.relpath(report.root.resolve() / path, here))}"


def _is_open(report: Report, row: Row) -> bool:
    """Whether a criterion is shown unfolded: what stands before the next level, and all of a selection."""
    return report.level is None or (not row.is_met and row.criterion.level <= report.level + 1)


def _tally(part: PartView, level: int) -> str:
    rows = part.by_level[level]
    return f"{sum(row.is_met for row in rows)} of {len(rows)} met"


@dataclass(frozen=True)
class Chart:
    """A line of levels over commits in a field of 640 by 150.

    Attributes:
        line: The path of the line.
        marks: A place, a label and the level for each commit.
        grid: The height of each level.
    """

    line: str
    marks: tuple[tuple[float, float, str, int], ...]
    grid: tuple[tuple[int, float], ...]


def _chart(trend: Sequence[Point]) -> Chart:
    left, right, top, bottom = 30.0, 625.0, 12.0, 132.0
    step = (right - left) / max(1, len(trend) - 1)
    height = (bottom - top) / HIGHEST
    places = [(round(left + step * place, 1), bottom - height * point.level) for place, point in enumerate(trend)]
    line = f"M{places[0][0]} {places[0][1]}" + "".join(f"H{x}V{y}" for x, y in places[1:])
    marks = tuple(
        (x, y, f"{point.commit[:9]}, {point.when}: level {point.level}", point.level)
        for (x, y), point in zip(places, trend, strict=True)
    )
    return Chart(line, marks, tuple((level, bottom - height * level) for level in range(HIGHEST + 1)))
