"""The review as Markdown, for a comment on a pull request and for the summary of a CI run.

Everything that stands in a repository is shown as text: it cannot make markup, call people by ``@name``, or link.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from goldenpath.reports.maturity.report import SIGNS, PartView, Report, gate_answer, told_once
from goldenpath.reports.maturity.sanitize import web_link
from goldenpath.review.levels import HIGHEST, is_met
from goldenpath.review.ratchet import Kind
from goldenpath.review.result import Result
from goldenpath.review.standards.verdict import Evidence

MOST = 60_000
"""Characters: GitHub refuses a comment of more than 65,536."""
MARK = "<!-- goldenpath review -->"
"""By which a workflow finds the comment that it wrote before."""
ANSWERS = {
    "green": "✅ **Gate green**: nothing fell back.",
    "red": "❌ **Gate red**",
    "inconclusive": "❔ **Gate inconclusive**: something that was met cannot be judged now.",
}


def render(reports: Sequence[Report]) -> str:
    """Write a short summary with the details folded below; what does not fit a comment is left out and said."""
    text = ""
    for leave_out in ((), ("met",), ("met", "unmet")):
        text = "\n".join([MARK, *(line for report in reports for line in _report(report, leave_out))]) + "\n"
        if len(text) <= MOST:
            break
    if len(text) > MOST:
        text = text[: text.rfind("\n", 0, MOST - 100)] + "\n\nThe rest does not fit here.\n"
    return text


def _report(report: Report, leave_out: Sequence[str]) -> Iterable[str]:
    yield f"## {_text(report.name)}: {_headline(report)}"
    yield ""
    yield from _gate(report)
    yield from _levels(report)
    yield from _steps(report)
    for part in report.parts:
        yield from _part(report, part, leave_out)
    yield from _signed(report)
    yield from _trend(report)
    where = "" if report.folder == "." else f" in {_code(report.folder)}"
    day = f"{report.review.when:%Y-%m-%d}"
    yield f"{_code(report.commit)}{where}, {day}, catalogue {report.review.catalogue}"
    yield ""


def _headline(report: Report) -> str:
    if report.level is None:
        return f"{len(report.results)} criteria asked"
    return f"level {report.level} of {HIGHEST}"


def _gate(report: Report) -> Iterable[str]:
    answer = gate_answer([report])
    if not answer:
        return
    yield ANSWERS[answer] + (f" Base {_code(report.base[:9])}." if report.base else "")
    yield ""
    for finding in report.findings or ():
        sign = "❔" if finding.kind is Kind.UNDECIDED else "❌"
        name = f" {finding.id}" if finding.id else ""
        yield f"- {sign} **{finding.kind}{name}**: {_text(finding.reason)}"
        yield from _facts(report, told_once(finding.evidence))
    if report.findings:
        yield ""


def _levels(report: Report) -> Iterable[str]:
    if report.level is None:
        return
    yield f"{report.meaning} {_bounds(report)}".strip()
    yield ""
    yield "| part | level | met |"
    yield "|---|---|---|"
    for part in report.parts:
        level = part.level or 0
        yield f"| {part.name} | {_bar(level)} | {part.met} of {len(part.results)} |"
    yield ""


def _bounds(report: Report) -> str:
    review = report.review
    words = []
    if review.excused_level > review.level:
        words.append(f"With waivers it would be {review.excused_level}.")
    if review.possible_level > review.level:
        words.append(f"If all that is unknown were met: {review.possible_level}.")
    return " ".join(words)


def _steps(report: Report) -> Iterable[str]:
    if not report.steps:
        return
    yield "### Next steps" + ("" if report.next_level is None else f" to level {report.next_level}")
    yield ""
    for number, step in enumerate(report.steps, start=1):
        yield f"{number}. **{_text(step.id)} {_text(step.title)}** ({_text(step.why_now)}): {_text(step.do)}"
        yield from _facts(report, told_once(step.evidence, step.do), indent="   ")
    yield ""


def _part(report: Report, part: PartView, leave_out: Sequence[str]) -> Iterable[str]:
    shown = [result for result in part.results if ("met" if is_met(result) else "unmet") not in leave_out]
    level = "" if part.level is None else f", level {part.level}"
    name = str(part.name).replace("&", "&amp;")
    yield f"<details><summary>{name}{level}: {part.met} of {len(part.results)} met</summary>"
    yield ""
    for result in shown:
        yield from _criterion(report, result)
    if len(shown) < len(part.results):
        yield f"{len(part.results) - len(shown)} more would not fit here."
    yield ""
    yield "</details>"
    yield ""


def _criterion(report: Report, result: Result) -> Iterable[str]:
    item, verdict = result.criterion, result.verdict
    name = f"**{item.id} {_text(item.title)}** (level {item.level})"
    yield f"- {SIGNS[verdict.status]} {verdict.status} {name}: {_text(verdict.reason)}"
    if is_met(result):
        yield from _facts(report, verdict.evidence)
    else:
        yield from _facts(report, told_once(verdict.evidence, item.fix))
        yield f"  - fix: {_text(item.fix)}"


def _signed(report: Report) -> Iterable[str]:
    if not report.signed and not report.review.bad_receipts:
        return
    number = len(report.signed) + len(report.review.bad_receipts)
    yield f"<details><summary>signed and recorded: {number}</summary>"
    yield ""
    for entry in report.signed:
        state = f"does not count: it {_text(entry.fault)}" if entry.fault else f"until {entry.expires}"
        soon = " (**ends soon**)" if entry.ends_soon(report.review.when) else ""
        more = f"[more](<{entry.link}>)" if web_link(entry.link) else _text(entry.link)
        where = ", ".join(filter(None, (more, _place(report, entry.path, entry.line))))
        yield (
            f"- {entry.kind} of {_text(entry.id)} by {_text(entry.signer)}, {state}{soon}: "
            f"{_text(entry.words)} ({where})"
        )
    for line in report.review.bad_receipts:
        yield f"- receipt refused: {_text(line)}"
    yield ""
    yield "</details>"
    yield ""


def _trend(report: Report) -> Iterable[str]:
    if not report.trend:
        return
    yield "<details><summary>trend</summary>"
    yield ""
    yield "| commit | day | level | gained | lost |"
    yield "|---|---|---|---|---|"
    for point in reversed(report.trend):
        changes = f"{', '.join(point.gained)} | {', '.join(point.lost)}"
        yield f"| {point.commit[:9]} | {point.when} | {_bar(point.level)} | {changes} |"
    yield ""
    yield "</details>"
    yield ""


def _facts(report: Report, facts: Sequence[Evidence], indent: str = "  ") -> Iterable[str]:
    for fact in facts:
        place = _place(report, fact.path, fact.line)
        command = f"→ {_text(fact.command)}" if fact.command else ""
        yield f"{indent}- " + " ".join(filter(None, (place and f"{place}:", _text(fact.text), command)))


def _place(report: Report, path: str, line: int | None) -> str:
    if not path:
        return ""
    shown = _code(f"{path}:{line}" if line else path)
    url = report.url(path, line)
    return f"[{shown}](<{url}>)" if url else shown


def _bar(level: int) -> str:
    return f"{'■' * level}{'□' * (HIGHEST - level)} {level}"


def _code(text: str) -> str:
    """Text between as many backticks as it needs."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"`{text}`"


def _text(text: str) -> str:
    """Text in which nothing is markup, but what stands between backticks is code."""
    parts = re.split(r"`([^`]+)`", text)
    return "".join(_code(part) if place % 2 else _escaped(part) for place, part in enumerate(parts))


def _escaped(text: str) -> str:
    """Text without markup; a space of no width keeps ``@name``, ``#1`` and addresses from being links."""
    escaped = re.sub(r"([\\`*_{}\[\]()|~!#])", r"\\\1", html.escape(text, quote=False))
    escaped = re.sub(r"(@|\\#)(?=\w)", "\\1&#8203;", escaped)
    return re.sub(r"(://|\bwww(?=\.))", "\\1&#8203;", escaped)
