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

from goldenpath.reports.maturity.report import SIGNS, PartView, Report, gate_answer, told_once
from goldenpath.reports.maturity.sanitize import web_link
from goldenpath.review.handbook import CODE, GUIDE, METHODOLOGY, anchor
from goldenpath.review.history import Point
from goldenpath.review.levels import HIGHEST, MEANINGS, is_met
from goldenpath.review.ratchet import Kind
from goldenpath.review.result import Result
from goldenpath.review.standards.verdict import Status

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

_MAKE = r"(?<![\w-])make (?!it\b|or\b|sure\b|targets?\b)[a-z]+(?:-[a-z]+)*(?: [A-Z]+=\w+)*"
_MARKED = re.compile(rf"`([^`]+)`|\b([A-Z]+-\d\d)\b|{_MAKE}|{CODE.pattern}")
"""What is set as code: what stands between backticks, and commands and paths without them. Ids stay on one line."""
_COMMAND = re.compile(r"(?!.* (?:and|in|once|then) )(?:dvc|git|goldenpath|gto|make|pip-audit|pre-commit|ruff) [^`,;]+")
"""A fact's command where it is one from end to end; others are a sentence that names some."""


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
    environment.filters |= {"words": _words, "command": _command}
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
        is_met=is_met,
        is_open=_is_open,
        told_once=told_once,
        chart=_chart,
        turns=_turns,
        why=METHODOLOGY,
        how=GUIDE,
        anchor=anchor,
        href=lambda report, path, line=None: _href(report, path, line, beside),
        tally=_tally,
    )


def _words(text: str) -> Markup:
    """Text, escaped, in which commands and paths are set as code."""
    pieces, end = [], 0
    for found in _MARKED.finditer(text):
        marked = Markup('<span class="whole">{}</span>').format(found[2]) if found[2] else _code(found[1] or found[0])
        pieces += [escape(text[end : found.start()]), marked]
        end = found.end()
    return Markup("").join([*pieces, escape(text[end:])])


def _command(text: str) -> Markup:
    return _code(text) if _COMMAND.fullmatch(text) else _words(text)


def _code(text: str) -> Markup:
    return Markup("<code>{}</code>").format(text)


def _href(report: Report, path: str, line: int | None, beside: Path | None) -> str:
    """Where a file is seen: on the forge, or on disk as seen from the page; empty where there is no such file."""
    if not report.has(path):
        return ""
    if url := report.url(path, line):
        return url
    here = (beside or report.root).resolve()
    # A leading ./ keeps a file whose name looks like a scheme from being one.
    return f"./{quote(os.path.relpath(report.root.resolve() / path, here))}"


def _is_open(report: Report, result: Result) -> bool:
    """Whether a criterion is shown unfolded: what stands before the next level, and all of a selection."""
    return report.level is None or (not is_met(result) and result.criterion.level <= report.level + 1)


def _tally(part: PartView, level: int) -> str:
    results = part.by_level[level]
    return f"{sum(map(is_met, results))} of {len(results)} met"


def _turns(trend: Sequence[Point]) -> list[Point]:
    """The commits with which something changed, the newest first; the first and the last of all among them."""
    ends = (trend[0], trend[-1])
    return [point for point in reversed(trend) if point.gained or point.lost or point in ends]


@dataclass(frozen=True)
class Chart:
    """A line of levels over commits in a field of 100 by 100 that a page stretches: a fifth of its height a level.

    Attributes:
        line: The path of the line.
        marks: A place and a label for each commit.
        grid: The height of each level.
    """

    line: str
    marks: tuple[tuple[float, int, str], ...]
    grid: tuple[int, ...]


def _chart(trend: Sequence[Point]) -> Chart:
    height = {level: 90 - 20 * level for level in range(HIGHEST + 1)}
    step = 100 / max(1, len(trend) - 1)
    marks = tuple(
        (round(step * place, 2), height[point.level], f"{point.commit[:9]}, {point.when}: level {point.level}")
        for place, point in enumerate(trend)
    )
    line = f"M0 {marks[0][1]}" + "".join(f"H{x}V{y}" for x, y, _ in marks[1:])
    return Chart(line, marks, tuple(height.values()))
