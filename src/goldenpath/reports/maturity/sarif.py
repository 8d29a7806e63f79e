"""The review as SARIF 2.1.0, for code scanning: what is not met, at the place of its weightiest evidence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from goldenpath import __version__
from goldenpath.reports.maturity.report import Report
from goldenpath.review import levels
from goldenpath.review.handbook import METHODOLOGY, anchor
from goldenpath.review.product.manifest import NAME as MANIFEST
from goldenpath.review.ratchet import Finding, Kind
from goldenpath.review.result import Result
from goldenpath.review.standards.criterion import Criterion
from goldenpath.review.standards.verdict import Evidence, Status

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
GATE = "gate"
MOST_LOCATIONS = 10


def render(reports: Sequence[Report]) -> str:
    """Write one run with a rule for each criterion asked, and a result for each that is not met.

    A regression is an error, what stands before the next level a warning, everything else a note. What is waived is
    suppressed with its reason. What is unknown is a result of the kind ``open``, which is no complaint.
    """
    asked = {result.criterion.id: result.criterion for report in reports for result in report.results}
    handbook = next((report.handbook for report in reports if report.handbook), "")
    rules = [_rule(item, handbook) for item in asked.values()]
    if any(report.findings for report in reports):
        rules.append({"id": GATE, "shortDescription": {"text": "Nothing that was met may fall back"}})
    places = {rule["id"]: place for place, rule in enumerate(rules)}
    results = [
        result | {"ruleIndex": places[result["ruleId"]]}
        for report in reports
        for result in [
            *_of_criteria(report),
            *(_of_finding(report, item) for item in report.findings or () if item.id not in asked),
        ]
    ]
    driver = {"name": "goldenpath", "version": __version__, "semanticVersion": __version__, "rules": rules}
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "goldenpath/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The top of the repository"}}},
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(item: type[Criterion], handbook: str) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": item.id,
        "name": "".join(word.capitalize() for word in "".join(c if c.isalnum() else " " for c in item.title).split()),
        "shortDescription": {"text": item.title},
        "fullDescription": {"text": item.why()},
        "help": {"text": f"{item.why()}\n\nLooked at: {item.verify}.\n\nFix: {item.fix}."},
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": [str(item.part)], "maturityLevel": item.level, "effort": str(item.effort)},
    }
    if handbook:
        rule["helpUri"] = f"{handbook}{METHODOLOGY}#{anchor(item.id)}"
    return rule


def _of_criteria(report: Report) -> list[dict[str, Any]]:
    found = {item.id: item for item in report.findings or () if item.id}
    unmet = [result for result in report.results if not levels.is_met(result)]
    return [_result(report, result, found.get(result.criterion.id)) for result in unmet]


def _result(report: Report, found: Result, finding: Finding | None) -> dict[str, Any]:
    item, reason = found.criterion, found.verdict.reason
    is_open = found.status in (Status.UNKNOWN, Status.ERROR)
    near = report.next_level is None or item.level <= report.next_level
    level = "error" if finding and finding.kind is not Kind.UNDECIDED else "warning" if near else "note"
    words = finding.reason if finding else f"{item.title}: {reason}"
    result = {
        "ruleId": item.id,
        "kind": "open" if is_open else "fail",
        "level": "none" if is_open else level,
        "message": {"text": f"{words}. Fix: {item.fix}"},
        "locations": _locations(report, found.verdict.evidence),
        "partialFingerprints": {"goldenpath/v1": f"{report.folder}:{item.id}"},
    }
    if found.status is Status.WAIVED:
        result["suppressions"] = [{"kind": "inSource", "status": "accepted", "justification": reason}]
    return result


def _of_finding(report: Report, finding: Finding) -> dict[str, Any]:
    undecided = finding.kind is Kind.UNDECIDED
    return {
        "ruleId": GATE,
        "kind": "open" if undecided else "fail",
        "level": "none" if undecided else "error",
        "message": {"text": f"{finding.kind}: {finding.reason}"},
        "locations": _locations(report, finding.evidence),
        "partialFingerprints": {"goldenpath/v1": f"{report.folder}:{finding.kind}:{finding.id}"},
    }


def _locations(report: Report, facts: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Where the facts stand; the manifest where they stand in no file, because scanners drop what has no place."""
    placed = [fact for fact in facts if fact.path] or [Evidence("", MANIFEST)]
    return [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": quote(report.in_repository(fact.path)), "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": fact.line or 1},
            }
        }
        | ({"message": {"text": fact.text}} if fact.text else {})
        for fact in placed[:MOST_LOCATIONS]
    ]
