"""What a repository says is shown, and drives nothing."""

from __future__ import annotations

from datetime import date

import pytest

from goldenpath.reports.maturity.sanitize import harmless, plain, web_link
from goldenpath.review.ratchet import Finding, Kind
from goldenpath.review.standards.verdict import Evidence
from tests.reports.maturity.reviews import NASTY, RESULTS


def test_plain_text_keeps_letters_of_any_script() -> None:
    assert plain("Zürich 東京 naïve") == "Zürich 東京 naïve"
    assert plain("a\x1b[31mb\nc\udcff") == r"a\x1b[31mb c\udcff"


def test_every_text_within_a_value_is_made_plain_and_all_else_stays() -> None:
    raw = Finding(Kind.FELL_BACK, "a\x1bb", "DOC-01", (Evidence("c\nd", "e\u202ef", 3, "g\udcff"),))

    assert harmless(raw) == Finding(Kind.FELL_BACK, r"a\x1bb", "DOC-01", (Evidence("c d", r"e\u202ef", 3, r"g\udcff"),))
    assert harmless(raw).kind is Kind.FELL_BACK
    assert harmless((date(2026, 1, 1), None, True, 1.5)) == (date(2026, 1, 1), None, True, 1.5)
    assert harmless(RESULTS[0]).criterion is RESULTS[0].criterion


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://a b", 'https://x/"onclick', NASTY, "ftp://x", ""])
def test_only_addresses_of_the_web_become_links(link: str) -> None:
    assert web_link(link) == ""
