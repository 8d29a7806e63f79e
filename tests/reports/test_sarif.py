"""Code scanning."""

from __future__ import annotations

import json
from typing import Any

import jsonschema

from goldenpath.reports import sarif
from tests.reports.reviews import FINDINGS, hostile, report

TEXT = {"type": "object", "properties": {"text": {"type": "string", "minLength": 1}}, "required": ["text"]}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation", "region"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "required": ["uri"],
                    "properties": {"uri": {"type": "string", "pattern": r"^(?!/)[A-Za-z0-9._~%/-]+$"}},
                },
                "region": {"type": "object", "properties": {"startLine": {"type": "integer", "minimum": 1}}},
            },
        }
    },
}
RESULT = {
    "type": "object",
    "required": ["ruleId", "ruleIndex", "message", "level", "kind", "locations", "partialFingerprints"],
    "properties": {
        "message": TEXT,
        "level": LEVEL,
        "kind": {"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
        "locations": {"type": "array", "minItems": 1, "items": LOCATION},
        "suppressions": {
            "type": "array",
            "items": {"required": ["kind"], "properties": {"kind": {"enum": ["inSource", "external"]}}},
        },
    },
    # SARIF 2.1.0, 3.27.10: a result that is no failure has no level.
    "if": {"properties": {"kind": {"const": "fail"}}},
    "else": {"properties": {"level": {"const": "none"}}},
}
STRUCTURE = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "properties": {
                            "driver": {
                                "required": ["name", "rules"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "required": ["id", "shortDescription"],
                                            "properties": {"shortDescription": TEXT, "fullDescription": TEXT},
                                        },
                                    }
                                },
                            }
                        }
                    },
                    "results": {"type": "array", "items": RESULT},
                },
            },
        },
    },
}
"""What SARIF 2.1.0 requires of the parts that are written, and what code scanning needs besides."""


def _run(*given: Any) -> Any:
    content = json.loads(sarif.render(given))
    jsonschema.validate(content, STRUCTURE)
    return content["runs"][0]


def test_it_has_the_structure_that_the_standard_asks_for() -> None:
    _run(report(), report(folder="models/other", findings=FINDINGS, base="f" * 40), hostile())


def test_what_is_met_is_no_result_and_what_is_not_has_its_place() -> None:
    run = _run(report(folder="a b"))

    results = {result["ruleId"]: result for result in run["results"]}
    assert results.keys() == {"DOC-06", "CQ-12", "MON-12", "SEC-01"}
    place = results["DOC-06"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b/data%20%26%20more/contract.yaml"
    assert place["region"]["startLine"] == 7


def test_regressions_are_errors_what_blocks_warns_and_the_rest_are_notes_or_open() -> None:
    quiet = {item["ruleId"]: item for item in _run(report())["results"]}
    red = {item["ruleId"]: item for item in _run(report(findings=FINDINGS))["results"]}

    assert quiet["DOC-06"]["level"] == "warning"
    assert quiet["CQ-12"]["level"] == "note"
    assert quiet["CQ-12"]["suppressions"][0]["justification"].startswith("no gate")
    assert quiet["MON-12"]["kind"] == "open"
    assert red["DOC-06"]["level"] == "error"
    assert red["gate"]["message"]["text"] == "judge weakened: criticality falls"


def test_every_result_points_at_its_rule() -> None:
    run = _run(report(findings=FINDINGS))

    rules = run["tool"]["driver"]["rules"]
    assert all(rules[item["ruleIndex"]]["id"] == item["ruleId"] for item in run["results"])
