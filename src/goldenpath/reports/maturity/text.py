"""The review on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from goldenpath.reports.maturity.report import SIGNS, Report, gate_answer, told_once
from goldenpath.review.levels import HIGHEST, is_met
from goldenpath.review.ratchet import Kind
from goldenpath.review.result import Result
from goldenpath.review.standards.verdict import Evidence, Status

WIDTH = 110
CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
"""The styles that are used, as terminals know them (ECMA-48, select graphic rendition)."""
STYLES = {
    Status.PASS: "green",
    Status.FAIL: "red",
    Status.NOT_APPLICABLE: "dim",
    Status.ATTESTED: "green",
    Status.WAIVED: "yellow",
    Status.UNKNOWN: "yellow",
    Status.ERROR: "bold red",
}
GATE_STYLES = {"green": "bold green", "red": "bold red", "inconclusive": "bold yellow"}
MOST_FACTS = 3
Span = tuple[str, str]
"""A text and its style; several make a line."""


@dataclass
class Page:
    """Lines of a fixed width, with or without colours.

    Written by hand, because a library for terminals takes longer to load and to lay out a page than the review takes.
    """

    width: int
    colour: bool
    lines: list[str] = field(default_factory=list)

    def add(self, *spans: Span, indent: int = 0, mark: Sequence[Span] = ()) -> None:
        """A text whose lines begin below one another, and beside its first line a mark."""
        hanging = indent + sum(len(words) + 1 for words, _ in mark)
        head = " " * indent + "".join(f"{self._painted(*span)} " for span in mark)
        text = "".join(words for words, _ in spans)
        for start, end in _ranges(text, max(self.width - hanging, 10)):
            self.lines.append(f"{head}{self._cut(spans, start, end)}".rstrip())
            head = " " * hanging

    def _cut(self, spans: Iterable[Span], start: int, end: int) -> str:
        """The part of some spans between two places of their text."""
        found, at = "", 0
        for words, style in spans:
            found += self._painted(words[max(start - at, 0) : max(end - at, 0)], style)
            at += len(words)
        return found

    def _painted(self, words: str, style: str) -> str:
        if not (self.colour and words and style):
            return words
        return f"\x1b[{';'.join(CODES[name] for name in style.split())}m{words}\x1b[0m"


def _ranges(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Where each line of a text begins and ends; a word that is longer than a line is cut."""
    start = 0
    for paragraph in text.split("\n"):
        end = start + len(paragraph)
        while end - start > width:
            cut = text.rfind(" ", start + 1, start + width + 1)
            yield start, (start + width if cut < 0 else cut)
            start = start + width if cut < 0 else cut + 1
        yield start, end
        start = end + 1


def render(reports: Sequence[Report], width: int | None = None, *, colour: bool = False) -> str:
    """Write the levels, the gate's findings, the next steps and every criterion that is not met.

    Args:
        reports: One for each product.
        width: Columns of the terminal.
        colour: Whether it shows colours.
    """
    page = Page(width or WIDTH, colour)
    for report in reports:
        _head(page, report)
        _gate(page, report)
        _steps(page, report)
        _criteria(page, report)
        _signed(page, report)
    return "\n".join(page.lines).strip("\n") + "\n"


def bar(level: int) -> str:
    """A level as four boxes."""
    return "■" * level + "□" * (HIGHEST - level)


def _head(page: Page, report: Report) -> None:
    review = report.review
    page.add()
    where = "" if report.folder == "." else f" in {report.folder}"
    about = f"{where}  {report.commit}, {review.when:%Y-%m-%d}, catalogue {review.catalogue}"
    page.add((report.name, "bold"), (about, "dim"))
    if report.level is None:
        page.add((f"{len(report.results)} criteria asked; a level needs all of them.", ""))
        return
    page.add((f"Level {report.level} of {HIGHEST}", "bold"), (f"  {report.meaning}", ""))
    others = []
    if review.excused_level > review.level:
        others.append(f"{review.excused_level} if waivers counted")
    if review.possible_level > review.level:
        others.append(f"at most {review.possible_level} if all that is unknown were met")
    if others:
        page.add((f"Not {' and not '.join(others)}.", "dim"))
    page.add()
    longest = max(len(part.name) for part in report.parts)
    for part in report.parts:
        level = part.level or 0
        line = f"{part.name:<{longest}}  {bar(level)}  {level}  "
        page.add((line, ""), (f"{part.met} of {len(part.results)} met", "dim"), indent=2)


def _gate(page: Page, report: Report) -> None:
    answer = gate_answer([report])
    if not answer:
        return
    against = f" against {report.base[:9]}" if report.base else ""
    page.add()
    page.add((f"Gate{against}: {answer}", GATE_STYLES[answer]))
    for finding in report.findings or ():
        undecided = finding.kind is Kind.UNDECIDED
        sign, style = ("?", "yellow") if undecided else ("✗", "red")
        label = " ".join(filter(None, (str(finding.kind), finding.id)))
        page.add((label, style), (f": {finding.reason}", ""), indent=2, mark=[(sign, style)])
        _facts(page, told_once(finding.evidence), 4, most=len(finding.evidence))


def _steps(page: Page, report: Report) -> None:
    if not report.steps:
        return
    target = "" if report.next_level is None else f" to level {report.next_level}"
    page.add()
    page.add((f"Next steps{target}", "bold"))
    for number, step in enumerate(report.steps, start=1):
        page.add((f"{step.id} {step.title}", "bold"), (f"  {step.why_now}", "dim"), indent=2, mark=[(str(number), "")])
        page.add((step.do, ""), indent=4, mark=[("do", "dim")])
        _facts(page, told_once(step.evidence, step.do), 4)


def _criteria(page: Page, report: Report) -> None:
    chosen = [result for result in report.results if report.level is None or not is_met(result)]
    page.add()
    if chosen:
        words = "Criteria" if report.level is None else f"Not met: {len(chosen)} of {len(report.results)}"
        page.add((words, "bold"))
    for result in chosen:
        _add(page, result, chosen, with_facts=report.level is None)
    counts = ", ".join(f"{number} {SIGNS[status]} {status}" for status, number in report.counts.items())
    page.add()
    page.add((counts, "dim"))


def _add(page: Page, result: Result, chosen: Sequence[Result], *, with_facts: bool) -> None:
    """One criterion: status, id and level in columns, and beside them what was found."""
    item, verdict = result.criterion, result.verdict
    widest, longest = max(len(other.status) for other in chosen) + 2, max(len(other.criterion.id) for other in chosen)
    status = f"{SIGNS[result.status]} {result.status}"
    columns = [(f"{status:<{widest}}", STYLES[result.status]), (f"{item.id:<{longest}}", ""), (f"L{item.level}", "dim")]
    words: list[Span] = [(item.title, "bold"), (f": {verdict.reason}", "")]
    if with_facts:
        words += [(f"\n{line}", "") for line in _lines(verdict.evidence)]
    page.add(*words, indent=2, mark=columns)


def _signed(page: Page, report: Report) -> None:
    if report.signed or report.review.bad_receipts:
        page.add()
        page.add(("Signed and recorded", "bold"))
    for entry in report.signed:
        state = f"does not count: it {entry.fault}" if entry.fault else f"until {entry.expires}"
        ends_soon = entry.ends_soon(report.review.when)
        style = "red" if entry.fault else "yellow" if ends_soon else ""
        soon = ", ends soon" if ends_soon else ""
        words = f"{entry.kind} of {entry.id or 'nothing'} by {entry.signer or 'nobody'}, "
        place = Evidence(entry.words, entry.path, entry.line).place
        page.add((words, ""), (f"{state}{soon}", style), (f"  {place}", "dim"), indent=2, mark=[("-", "")])
    for line in report.review.bad_receipts:
        page.add((f"receipt refused: {line}", "red"), indent=2, mark=[("-", "")])


def _facts(page: Page, facts: Sequence[Evidence], indent: int, most: int = MOST_FACTS) -> None:
    for line in _lines(facts[:most]):
        page.add((line, "dim"), indent=indent, mark=[("-", "dim")])
    if len(facts) > most:
        page.add((f"and {len(facts) - most} more", "dim"), indent=indent, mark=[("-", "dim")])


def _lines(facts: Iterable[Evidence]) -> list[str]:
    return [
        " ".join(filter(None, (fact.place and f"{fact.place}:", fact.text, fact.command and f"→ {fact.command}")))
        for fact in facts
    ]
