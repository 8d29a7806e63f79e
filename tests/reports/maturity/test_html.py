"""The page for a meeting."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from goldenpath.reports.maturity import html
from goldenpath.review.history import Point
from goldenpath.review.result import Result
from goldenpath.review.standards.criterion import Part
from goldenpath.review.standards.verdict import Evidence, failed, passed
from tests.reports.maturity.reviews import FINDINGS, RESULTS, TREND, hostile, made, report

VOID = {"meta", "link", "img", "br", "hr", "input"}
CSS = (Path(html.__file__).parent / "templates" / "review.css").read_text()


class Page(HTMLParser):
    """The tags, links and text of a page; refuses tags that do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.ids: set[str] = set()
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        self.ids |= {value or "" for name, value in attrs if name == "id"}
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_the_page_stands_alone_and_runs_nothing() -> None:
    text = html.render([report(findings=FINDINGS, trend=TREND, base="f" * 40)])
    page = Page(text)

    assert page.tags["script"] == page.tags["link"] == page.tags["img"] == page.tags["iframe"] == 0
    assert not any(name.startswith("on") for name in page.attributes)
    assert "url(" not in CSS
    assert "@import" not in CSS
    assert not re.search(r"(?:src|srcset)=", text)


def test_the_page_shows_every_criterion_with_its_status_in_words() -> None:
    page = Page(html.render([report()]))

    assert page.tags["details"] == len(RESULTS)
    for result in RESULTS:
        assert f"{result.status} {result.criterion.id} {result.criterion.title}" in page.text
        assert result.verdict.reason in page.text


def test_the_page_says_what_blocks_the_next_level_until_when_people_signed_and_how_it_came() -> None:
    page = Page(html.render([report(findings=FINDINGS, trend=TREND, base="f" * 40)]))

    assert "What stands before level 2" in page.text
    assert "Gate: red" in page.text
    assert "2026-07-01 ◷ ends soon" in page.text
    assert "It expired." in page.text
    assert [word for word in page.words if re.fullmatch(r"\w{9}, \S+: level \d", word)] == [
        "aaaaaaaaa, 2026-06-01: level 0",
        "bbbbbbbbb, 2026-06-09: level 1",
    ]
    assert "Test <b>more</b>" in page.text


def test_nothing_that_a_repository_says_becomes_markup(tmp_path: Path) -> None:
    page = Page(html.render([hostile(tmp_path), hostile(tmp_path)]))

    assert page.tags["script"] == 0
    assert not any("alert" in link for link in page.links)
    assert "<script>alert(1)</script>" in page.text
    assert "<i>code</i> @x" in page.text


def test_inner_links_lead_somewhere() -> None:
    page = Page(html.render([report(), report(name="Other", folder="other")]))

    inner = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert len(inner) == 2 + 5 + 5
    assert inner <= page.ids


@pytest.mark.parametrize("products", [1, 2])
def test_headings_begin_with_the_only_first_one_and_skip_no_level(products: int) -> None:
    page = html.render([report(findings=FINDINGS, trend=TREND, name=f"Product {number}") for number in range(products)])
    levels = [int(level) for level in re.findall(r"<h(\d)", page)]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.count("<main>") == 1


def test_commands_and_paths_are_set_as_code() -> None:
    fact = Evidence("docs/card.md is old", command="git log --oneline -- docs/card.md")
    result = Result(made("DOC-01", 0, Part.DOCUMENTATION), failed("see `a<b`, then make card", fact))

    page = html.render([report([result])])

    assert "see <code>a&lt;b</code>, then <code>make card</code>" in page
    assert "<code>docs/card.md</code> is old" in page
    assert "<code>git log --oneline -- docs/card.md</code>" in page


def test_only_what_is_not_met_says_what_to_do() -> None:
    fact, item = Evidence("seen", command="git log"), made("DOC-01", 0, Part.DOCUMENTATION)
    good = Page(html.render([report([Result(item, passed("owned", fact))], signed=())]))
    bad = Page(html.render([report([Result(item, failed("nobody", fact))], signed=())]))

    assert "do" not in good.words
    assert "→ git log" in good.text
    assert "do" in bad.words


def test_of_a_long_trend_the_table_holds_the_commits_that_changed_something_and_both_ends() -> None:
    quiet = [Point(f"{number:040x}", date(2026, 6, 10), f"Quiet {number}", 1) for number in range(40)]

    page = Page(html.render([report(trend=(*TREND, *quiet))]))

    assert page.tags["g"] == 42
    assert [word for word in page.words if "Quiet" in word] == [" Quiet 39"]
    assert "Test <b>more</b>" in page.text


def test_every_criterion_leads_to_the_handbook_where_the_template_has_a_home() -> None:
    home = "https://github.com/acme/golden-path/blob/v1.2.3/docs/standards/"
    near, far = Page(html.render([report()])), Page(html.render([report(handbook=home)]))

    assert [link for link in far.links if link not in near.links] == [
        f"{home}{document}#{result.criterion.id.lower()}"
        for result in RESULTS
        for document in ("methodology.md", "golden-path-guide.md")
    ]


def test_evidence_is_linked_to_the_file_as_seen_from_the_page_or_on_the_forge(tmp_path: Path) -> None:
    product, out = tmp_path / "product", tmp_path / "out" / "deep"
    product.mkdir()
    (product / "golden-path.yaml").write_text("")

    near = Page(html.render([report(root=product)], beside=out))
    far = Page(html.render([report(root=product, forge="https://git.example/acme/blob/c0ffee/")], beside=out))

    assert "./../../product/golden-path.yaml" in near.links
    assert "https://git.example/acme/blob/c0ffee/golden-path.yaml#L3" in far.links
    assert not any("contract.yaml" in link for link in near.links + far.links), "a link to a file that is not there"


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("text", ["accent", "ink", "muted", "good", "mixed", "bad"])
@pytest.mark.parametrize("ground", ["paper", "page"])
def test_text_has_the_contrast_that_wcag_aa_asks_for(scheme: int, text: str, ground: str) -> None:
    values = dict(re.findall(r"--(\w+): (#\w{6})", re.findall(r":root \{([^}]*)\}", CSS)[scheme]))
    bright, dim = sorted((_luminance(values[text]), _luminance(values[ground])), reverse=True)

    assert (bright + 0.05) / (dim + 0.05) >= 4.5
