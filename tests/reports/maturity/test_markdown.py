"""The comment on a pull request."""

from __future__ import annotations

import re

from goldenpath.reports.maturity import markdown
from goldenpath.review.result import Result
from goldenpath.review.standards.criterion import Part
from goldenpath.review.standards.verdict import Evidence, failed
from tests.reports.maturity.reviews import FINDINGS, RESULTS, TREND, hostile, made, report


def test_the_summary_comes_first_and_details_are_folded() -> None:
    text = markdown.render([report(findings=FINDINGS, trend=TREND, base="f" * 40)])
    summary, _, details = text.partition("<details>")

    assert text.startswith("<!-- goldenpath review -->\n## Churn: level 1 of 4\n")
    assert "❌ **Gate red**" in summary
    assert "**fell back DOC-06**" in summary
    assert "### Next steps to level 2" in summary
    assert text.count("<details>") == text.count("</details>")
    assert all(f"**{result.criterion.id} " in details for result in RESULTS)


def test_nothing_that_a_repository_says_becomes_markup_a_mention_or_a_link() -> None:
    text = markdown.render([hostile()])
    prose = re.sub(r"(`+).*?\1", "", text)

    assert "<script" not in prose
    assert not re.search(r"@\w", prose)
    assert not re.search(r"(?<!&)#\d", prose)
    assert not re.search(r"https?://\w", prose)
    assert not re.search(r"(?<!\\)\*\*bold", prose)
    assert "](<javascript" not in text


def test_what_people_signed_stands_with_its_words_and_its_place() -> None:
    text = markdown.render([report()])

    assert "by @&#8203;acme/churn, until 2026-07-01 (**ends soon**): Seen. ([more](<https://example.com/1>), " in text
    assert "does not count: it expired: Later. (note.md, `checklist/waivers.yaml:4`)" in text


def test_a_long_review_fits_a_comment_and_keeps_what_is_not_met() -> None:
    words = "a reason of many words " * 20
    good = [
        Result(result.criterion, result.verdict)
        for number in range(300)
        for result in [
            Result(made(f"CQ-{number}", 1, Part.CODE_QUALITY), RESULTS[0].verdict.but(RESULTS[0].status, words))
        ]
    ]
    bad = Result(made("SEC-09", 1, Part.SECURITY), failed("it leaks", Evidence("a secret", "params.yaml", 2)))

    text = markdown.render([report([*good, bad])])

    assert len(text) <= markdown.MOST
    assert "**SEC-09 " in text
    assert "300 more would not fit here" in text


def test_even_reviews_without_end_fit_a_comment() -> None:
    text = markdown.render([report(name=f"Product {number}") for number in range(200)])

    assert len(text) <= 65_536
    assert text.endswith("The rest does not fit here.\n")
