"""The review on a terminal."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from goldenpath.reports.maturity.report import SIGNS, Report, gate_answer, told_once
from goldenpath.review.levels import HIGHEST, is_met
from goldenpath.review.ratchet import Kind
from goldenpath.review.review import Result
from goldenpath.review.standards.verdict import Evidence, Status

WIDTH = 110
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


def render(reports: Sequence[Report], width: int | None = None, *, colour: bool = False) -> str:
    """Write the levels, the gate's findings, the next steps and every criterion that is not met.

    Args:
        reports: One for each product.
        width: Columns of the terminal.
        colour: Whether it shows colours.
    """
    shown = io.StringIO()
    console = Console(
        file=shown,
        width=width or WIDTH,
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        emoji=False,
        highlight=False,
        markup=False,
    )
    for report in reports:
        _head(console, report)
        _gate(console, report)
        _steps(console, report)
        _criteria(console, report)
        _signed(console, report)
    # Blanks at the ends of lines are what rich fills its tables with.
    return "\n".join(line.rstrip() for line in shown.getvalue().splitlines()).strip("\n") + "\n"


def bar(level: int) -> str:
    """A level as four boxes."""
    return "■" * level + "□" * (HIGHEST - level)


def _head(console: Console, report: Report) -> None:
    review = report.review
    console.print()
    where = "" if report.folder == "." else f" in {report.folder}"
    about = f"{where}  {report.commit}, {review.when:%Y-%m-%d}, catalogue {review.catalogue}"
    console.print(Text.assemble((report.name, "bold"), (about, "dim")))
    if report.level is None:
        console.print(Text(f"{len(report.results)} criteria asked; a level needs all of them."))
        return
    console.print(Text.assemble((f"Level {report.level} of {HIGHEST}", "bold"), f"  {report.meaning}"))
    others = []
    if review.excused_level > review.level:
        others.append(f"{review.excused_level} if waivers counted")
    if review.possible_level > review.level:
        others.append(f"at most {review.possible_level} if all that is unknown were met")
    if others:
        console.print(Text(f"Not {' and not '.join(others)}.", "dim"))
    table = Table.grid(padding=(0, 2))
    for part in report.parts:
        level = part.level or 0
        table.add_row(f"  {part.name}", bar(level), str(level), Text(f"{part.met} of {len(part.results)} met", "dim"))
    console.print(Padding(table, (1, 0, 0, 0), expand=False))


def _gate(console: Console, report: Report) -> None:
    answer = gate_answer([report])
    if not answer:
        return
    against = f" against {report.base[:9]}" if report.base else ""
    console.print(Text.assemble("\n", (f"Gate{against}: {answer}", GATE_STYLES[answer])))
    for finding in report.findings or ():
        undecided = finding.kind is Kind.UNDECIDED
        sign, style = ("?", "yellow") if undecided else ("✗", "red")
        label = " ".join(filter(None, (str(finding.kind), finding.id)))
        _item(console, 2, Text(sign, style), Text.assemble((label, style), f": {finding.reason}"))
        _facts(console, told_once(finding.evidence), 4, most=len(finding.evidence))


def _steps(console: Console, report: Report) -> None:
    if not report.steps:
        return
    target = "" if report.next_level is None else f" to level {report.next_level}"
    console.print(Text(f"\nNext steps{target}", "bold"))
    for number, step in enumerate(report.steps, start=1):
        head = Text.assemble((f"{step.id} {step.title}", "bold"), (f"  {step.why_now}", "dim"))
        _item(console, 2, Text(str(number)), head)
        _item(console, 4, Text("do", "dim"), Text(step.do))
        _facts(console, told_once(step.evidence, step.do), 4)


def _criteria(console: Console, report: Report) -> None:
    chosen = [result for result in report.results if report.level is None or not is_met(result)]
    if chosen:
        words = "Criteria" if report.level is None else f"Not met: {len(chosen)} of {len(report.results)}"
        console.print(Text(f"\n{words}", "bold"))
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for result in chosen:
        _add(table, result, with_facts=report.level is None)
    console.print(Padding(table, (0, 0, 0, 2), expand=False))
    counts = ", ".join(f"{number} {SIGNS[status]} {status}" for status, number in report.counts.items())
    console.print(Text(f"\n{counts}", "dim"))


def _add(table: Table, result: Result, *, with_facts: bool) -> None:
    item, verdict = result.criterion, result.verdict
    words = Text.assemble((item.title, "bold"), f": {verdict.reason}")
    if with_facts:
        words.append("".join(f"\n{line}" for line in _lines(verdict.evidence)))
    status = Text(f"{SIGNS[result.status]} {result.status}", STYLES[result.status])
    table.add_row(status, item.id, Text(f"L{item.level}", "dim"), words)


def _signed(console: Console, report: Report) -> None:
    if report.signed or report.review.bad_receipts:
        console.print(Text("\nSigned and recorded", "bold"))
    for entry in report.signed:
        state = f"does not count: it {entry.fault}" if entry.fault else f"until {entry.expires}"
        ends_soon = entry.ends_soon(report.review.when)
        style = "red" if entry.fault else "yellow" if ends_soon else ""
        soon = ", ends soon" if ends_soon else ""
        words = f"{entry.kind} of {entry.id or 'nothing'} by {entry.signer or 'nobody'}, "
        place = Evidence(entry.words, entry.path, entry.line).place
        _item(console, 2, Text("-"), Text.assemble(words, (f"{state}{soon}", style), (f"  {place}", "dim")))
    for line in report.review.bad_receipts:
        _item(console, 2, Text("-"), Text(f"receipt refused: {line}", "red"))


def _facts(console: Console, facts: Sequence[Evidence], indent: int, most: int = MOST_FACTS) -> None:
    for line in _lines(facts[:most]):
        _item(console, indent, Text("-", "dim"), Text(line, "dim"))
    if len(facts) > most:
        _item(console, indent, Text("-", "dim"), Text(f"and {len(facts) - most} more", "dim"))


def _lines(facts: Iterable[Evidence]) -> list[str]:
    return [
        " ".join(filter(None, (fact.place and f"{fact.place}:", fact.text, fact.command and f"→ {fact.command}")))
        for fact in facts
    ]


def _item(console: Console, indent: int, mark: Text, text: Text) -> None:
    """A mark and, beside it, a text whose lines begin below one another."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(mark, text)
    console.print(Padding(table, (0, 0, 0, indent), expand=False))
