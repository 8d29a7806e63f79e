"""CI systems that list tests."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped

from goldenpath.reports.maturity import junit
from goldenpath.reports.maturity.report import Report
from goldenpath.review.standards.verdict import Status
from tests.reports.maturity.reviews import FINDINGS, RESULTS, hostile, report


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


@pytest.mark.parametrize(
    "given",
    [
        pytest.param([report()], id="one product"),
        pytest.param([report(findings=FINDINGS)], id="red gate"),
        pytest.param([report(), report(name="Other", folder="other")], id="several products"),
        pytest.param([hostile()], id="hostile"),
    ],
)
def test_a_parser_of_ci_systems_counts_what_the_report_counts(given: list[Report]) -> None:
    opened = JUnitXml.fromstring(junit.render(given).encode())
    cases = [case for suite in opened for case in suite]
    seen = Counter(type(outcome) for case in cases for outcome in case.result)

    counts = sum((Counter(item.counts) for item in given), Counter[Status]())
    fallen = sum(len(item.findings or ()) for item in given)
    skipped = counts[Status.UNKNOWN] + counts[Status.WAIVED] + counts[Status.NOT_APPLICABLE]
    want = (counts.total() + fallen, counts[Status.FAIL] + fallen, counts[Status.ERROR], skipped)
    assert (opened.tests, opened.failures, opened.errors, opened.skipped) == want
    assert (len(cases), seen[Failure], seen[Error], seen[Skipped]) == want
