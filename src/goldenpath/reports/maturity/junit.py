"""The review as JUnit XML: a suite for each part, so that a CI system lists criteria as it lists tests."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from goldenpath.reports.maturity.report import PartView, Report
from goldenpath.review import levels
from goldenpath.review.ratchet import Finding, Kind
from goldenpath.review.result import Result
from goldenpath.review.standards.verdict import Evidence, Status


def render(reports: Sequence[Report]) -> str:
    """Write one suite for each part of each product, and one for the gate where it was asked.

    What is not met is a failure, what broke an error. What is not applicable, waived or unknown is skipped.
    """
    root = ET.Element("testsuites", name="goldenpath")
    for report in reports:
        for part in report.parts:
            _close(_suite(root, report, part))
        if report.findings is not None:
            _close(_gate(root, report))
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(root: ET.Element, report: Report, part: PartView) -> ET.Element:
    suite = _open(root, report, str(part.name))
    if part.level is not None:
        ET.SubElement(ET.SubElement(suite, "properties"), "property", name="level", value=str(part.level))
    for result in part.results:
        _case(suite, report, result)
    return suite


def _case(suite: ET.Element, report: Report, result: Result) -> None:
    item, verdict = result.criterion, result.verdict
    case = ET.SubElement(
        suite, "testcase", classname=f"{report.name}.{item.part}", name=f"{item.id} {item.title}", time="0"
    )
    details = "\n".join([*_lines(verdict.evidence), f"fix: {item.fix}"])
    if result.status is Status.FAIL:
        ET.SubElement(case, "failure", message=verdict.reason, type=f"level {item.level}").text = details
    elif result.status is Status.ERROR:
        ET.SubElement(case, "error", message=verdict.reason, type="error").text = details
    elif result.status in (Status.UNKNOWN, Status.WAIVED, Status.NOT_APPLICABLE):
        ET.SubElement(case, "skipped", message=f"{result.status}: {verdict.reason}")
    elif not levels.is_met(result):  # attested, where only a receipt would count
        ET.SubElement(case, "failure", message="an attestation cannot stand in for it", type="anchor").text = details
    else:
        ET.SubElement(case, "system-out").text = "\n".join([verdict.reason, *_lines(verdict.evidence)])


def _gate(root: ET.Element, report: Report) -> ET.Element:
    suite = _open(root, report, "gate")
    for finding in report.findings or ():
        name = " ".join(filter(None, (str(finding.kind), finding.id)))
        case = ET.SubElement(suite, "testcase", classname=f"{report.name}.gate", name=name, time="0")
        _blame(case, finding)
    if not report.findings:
        ET.SubElement(suite, "testcase", classname=f"{report.name}.gate", name="nothing fell back", time="0")
    return suite


def _blame(case: ET.Element, finding: Finding) -> None:
    tag = "error" if finding.kind is Kind.UNDECIDED else "failure"
    ET.SubElement(case, tag, message=finding.reason, type=str(finding.kind)).text = "\n".join(_lines(finding.evidence))


def _open(root: ET.Element, report: Report, name: str) -> ET.Element:
    when = report.review.when.replace(tzinfo=None).isoformat(timespec="seconds")
    return ET.SubElement(root, "testsuite", name=f"{report.name}: {name}", timestamp=when, time="0")


def _close(suite: ET.Element) -> None:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for total, tag in {"failures": "failure", "errors": "error", "skipped": "skipped"}.items():
        suite.set(total, str(sum(case.find(tag) is not None for case in cases)))


def _lines(facts: Sequence[Evidence]) -> list[str]:
    return [" ".join(filter(None, (fact.place and f"{fact.place}:", fact.text, fact.command))) for fact in facts]
