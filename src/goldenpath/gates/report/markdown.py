"""The report as Markdown, for a comment on a pull request and for the summary of a job.

Names of columns, branches and groups come from whoever opens the pull request, and the comment is posted in the name of
the project. So every text is made harmless: it stays in its cell, is no markup and no link, and calls nobody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from goldenpath.gates.report.outline import Cell, Mark, Name, Number, Outline, Section, Table
from goldenpath.reports import formatting

MARKER = "<!-- pull request report -->"
"""The first line, by which a comment is found again and replaced."""
MOST_CHARACTERS = 65_536
"""GitHub refuses longer comments."""
MOST_ROWS = 40
MOST_CELL = 500
WORD_BREAK = "\N{ZERO WIDTH SPACE}"
SIGNS = {"good": "\N{WHITE HEAVY CHECK MARK}", "mixed": "\N{WARNING SIGN}", "bad": "\N{CROSS MARK}"}
_MARKUP = re.compile(r"[&<>\\`*_\[\]#|~$]")
_CALLING = re.compile(r"[@#](?=\w)|\bGH(?=-\d)|\bwww(?=\.)|:(?=//)|\bmailto(?=:)", re.IGNORECASE)
"""What GitHub turns into a call to a person, a mention of an issue, or a link."""
_RUN = re.compile(r"https?://[\w.:/-]+")


def render(outline: Outline, page: str, run: str = "") -> str:
    """Write the report; sections that do not fit are cut, and it says so.

    Args:
        outline: What to tell.
        page: Where the same report lies as a page with pictures.
        run: The address of the run that keeps the page; empty on a laptop.

    Returns:
        At most :data:`MOST_CHARACTERS` characters, as GitHub counts them.
    """
    source = f", an artifact of [this run]({run})" if _RUN.fullmatch(run) else ""
    head = [
        MARKER,
        f"## {SIGNS[outline.tone]} {text(outline.verdict)}",
        "",
        text(outline.headline),
        "",
        f"{text(outline.product)}: {code(outline.branch)} ({code(outline.commit)}) against {code(outline.base)}.",
        f"With pictures: {code(page)}{source}.",
        "",
    ]
    written, left_out = "\n".join(head), []
    note = _note([section.title for section in outline.sections], page)  # the longest that it can become
    room = MOST_CHARACTERS - _length(note) - 1
    for section in outline.sections:
        part, is_whole = _fitting(section, room - _length(written))
        written += part
        if not is_whole:
            left_out.append(section.title)
    return f"{written.rstrip()}\n{_note(left_out, page) if left_out else ''}"


def text(value: str) -> str:
    """A text as it may stand in a paragraph or a cell: on one line, without markup, links or calls to people."""
    plain = _CALLING.sub(lambda found: found[0] + WORD_BREAK, _plain(value))
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", plain)


def code(value: str) -> str:
    """A name in a fixed-width font. An element, since backticks would not keep a backtick or a pipe inside."""
    return f"<code>{text(value)}</code>" if value.strip() else ""


def _plain(value: str) -> str:
    visible = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in value)
    one_line = " ".join(formatting.harmless(visible).split())
    return one_line if len(one_line) <= MOST_CELL else f"{one_line[: MOST_CELL - 1]}…"


def _fitting(section: Section, room: int) -> tuple[str, bool]:
    """As many lines of a section as fit, and whether they are all."""
    opening, closing = _frame(section)
    lines = list(_lines(section))
    room -= _length(opening) + _length(closing)
    kept: list[str] = []
    for line in lines:
        room -= _length(line) + 1
        if room < 0:
            break
        kept.append(line)
    if not kept:
        return "", False
    return opening + "\n".join(kept).rstrip() + closing, len(kept) == len(lines)


def _frame(section: Section) -> tuple[str, str]:
    if section.is_detail:
        return f"\n<details><summary><b>{text(section.title)}</b></summary>\n\n", "\n\n</details>\n"
    return f"\n### {text(section.title)}\n\n", "\n"


def _lines(section: Section) -> Iterator[str]:
    for sentence in section.sentences:
        yield from (text(sentence), "")
    for table in section.tables:
        yield from _table(table)
    if section.notes:
        yield from (f"<sub>{' '.join(map(text, section.notes))}</sub>", "")


def _table(table: Table) -> Iterator[str]:
    if table.title:
        yield from (f"**{text(table.title)}**", "")
    rules = ["---:" if place in table.numbers else "---" for place in range(len(table.header))]
    yield _row([text(name) for name in table.header])
    yield _row(rules)
    yield from (_row([_cell(cell) for cell in row]) for row in table.rows[:MOST_ROWS])
    yield ""
    if more := len(table.rows) - MOST_ROWS:
        yield from (f"… and {formatting.counted(more, 'more row')} on the page.", "") if more > 0 else ()


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    if isinstance(cell, Mark):
        return " ".join(filter(None, (SIGNS[cell.tone] if cell.tone else "", text(cell.text))))
    if isinstance(cell, Number):
        return text(f"{cell.text} {cell.interval}")
    return code(cell.text) if isinstance(cell, Name) else text(cell)


def _note(titles: list[str], page: str) -> str:
    return f"\nCut, because comments are short: {text(', '.join(titles))}. All of it is in {code(page)}.\n"


def _length(written: str) -> int:
    """Characters as GitHub counts them: those beyond the basic plane are two."""
    return len(written.encode("utf-16-le")) // 2
