"""The report as a comment: nothing that a branch holds may act in the name of who posts it."""

from __future__ import annotations

import html
import re

import pytest
from markdown_it import MarkdownIt

from goldenpath.gates.report import markdown
from goldenpath.gates.report.outline import Name, Outline, Section, Table
from tests.gates.report.branches import Branch

NASTY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</details></td></table><h1>approved</h1>",
    "a | b | c",
    "a\\|b\nc\r\n\n# heading",
    "`code` ``",
    "*bold* __under__ ~~gone~~",
    "![pic](https://example.com/x.png)",
    "[click](https://example.com)",
    "https://example.com and www.example.com",
    "<!-- --> --> <!--",
    "&lt;b&gt; &#64;",
    "$x$ $$y$$",
    "\u202eevil",
]


def outline(name: str, rows: int = 1, sections: int = 1) -> Outline:
    table = Table(("Column", name), ((Name(name), name),) * rows)
    section = Section(name, (name,), (table,), notes=(name,), is_detail=True)
    return Outline(name, name, name, name, "bad", name, name, (section,) * sections)


def rendered(text: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough").render(text)


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_shown_and_never_acts(name: str) -> None:
    plain, nasty = (rendered(markdown.render(outline(text), "page")) for text in ("name", name))

    tags = re.compile(r"<[^>]*>")
    assert tags.findall(nasty) == tags.findall(plain)


@pytest.mark.parametrize("name", NASTY[:8])
def test_a_name_reads_as_it_is(name: str) -> None:
    shown = html.unescape(re.sub(r"<[^>]*>", "", rendered(markdown.text(name)))).replace(markdown.WORD_BREAK, "")

    assert shown.split() == name.split()


@pytest.mark.parametrize("name", ["@everyone", "x @org/team", "a@b.c", "#12", "org/repo#12", "GH-12", "gh-12"])
def test_nobody_is_called_and_no_issue_is_mentioned(name: str) -> None:
    shown = html.unescape(markdown.text(name))

    assert not re.search(r"@\w|#\w|gh-\d", shown, re.IGNORECASE)


@pytest.mark.parametrize("name", ["https://example.com", "http://example.com/a", "www.example.com", "mailto:a@b.c"])
def test_an_address_becomes_no_link(name: str) -> None:
    shown = html.unescape(markdown.text(name))

    assert not re.search(r"://|www\.|mailto:", shown)


def test_direction_marks_and_control_characters_are_gone() -> None:
    assert markdown.text("a\u202eb\x00c\u2028d\te") == "ab c d e"


def test_a_commit_stays_as_it_can_be_copied() -> None:
    assert markdown.code("245cb8849") == "<code>245cb8849</code>"


def test_a_name_without_end_is_cut() -> None:
    assert len(markdown.text("x" * 100_000)) <= markdown.MOST_CELL


def test_a_report_that_fits_is_whole() -> None:
    text = markdown.render(outline("name", rows=3), "page")

    assert "Cut, because" not in text
    assert text.startswith(f"{markdown.MARKER}\n## ")


@pytest.mark.parametrize("name", ["<" * 400, "\N{CROSS MARK}" * 400, "\U0001f600" * 400])
def test_a_report_never_exceeds_what_github_takes(name: str) -> None:
    text = markdown.render(outline(name, rows=markdown.MOST_ROWS, sections=12), "page")

    assert len(text.encode("utf-16-le")) // 2 <= markdown.MOST_CHARACTERS
    assert "Cut, because comments are short" in text


def test_a_cut_report_keeps_the_verdict_and_closes_what_it_opened() -> None:
    text = markdown.render(outline("y" * 400, rows=markdown.MOST_ROWS, sections=12), "reports/pull-request.html")

    assert text.count("<details>") == text.count("</details>")
    assert text.splitlines()[1].startswith("## \N{CROSS MARK} yyy")
    assert "<code>reports/pull-request.html</code>" in text.splitlines()[-1]


def test_long_tables_say_how_many_rows_are_left_out() -> None:
    text = markdown.render(outline("name", rows=markdown.MOST_ROWS + 5), "page")

    assert "… and 5 more rows on the page." in text


def test_the_run_that_keeps_the_page_is_linked(branch: Branch) -> None:
    text = markdown.render(branch.outline(), "page", "https://forge.example/org/shop/actions/runs/1")

    assert "[this run](https://forge.example/org/shop/actions/runs/1)" in text


def test_an_address_that_is_none_is_not_linked(branch: Branch) -> None:
    assert "this run" not in markdown.render(branch.outline(), "page", "javascript:alert(1)")
