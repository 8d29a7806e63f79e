"""CI systems that list tests."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from goldenpath.reports import junit
from tests.reports.reviews import FINDINGS, RESULTS, hostile, report


def test_each_part_is_a_suite_and_each_criterion_a_case() -> None:
    root = ET.fromstring(junit.render([report()]))

    assert [suite.get("name") for suite in root] == [
        "Churn: documentation",
        "Churn: code quality",
        "Churn: traceability & reproducibility",
        "Churn: monitoring & support",
        "Churn: security & governance",
    ]
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": str(len(RESULTS)),
        "failures": "1",
        "errors": "1",
        "skipped": "3",
    }
    [failure] = root.iter("failure")
    assert failure.get("message") == "a column lacks a meaning"
    assert "data & more/contract.yaml:7" in (failure.text or "")


def test_the_gate_is_a_suite_where_it_was_asked() -> None:
    red = ET.fromstring(junit.render([report(findings=FINDINGS)])).findall("testsuite")[-1]
    green = ET.fromstring(junit.render([report(findings=())])).findall("testsuite")[-1]

    assert (red.get("name"), red.get("tests"), red.get("failures")) == ("Churn: gate", "2", "2")
    assert (green.get("name"), green.get("tests"), green.get("failures")) == ("Churn: gate", "1", "0")


def test_hostile_words_are_text() -> None:
    root = ET.fromstring(junit.render([hostile()]))

    assert not list(root.iter("script"))
