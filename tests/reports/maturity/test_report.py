"""What all forms of the report share."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from goldenpath.reports import maturity as reports
from goldenpath.reports.maturity import FORMATS
from goldenpath.reports.maturity.report import told_once
from goldenpath.review.result import Result
from goldenpath.review.standards.verdict import Evidence, Status
from tests.reports.maturity.reviews import COMMIT, FINDINGS, RESULTS, TREND, hostile, report

PAGE = Path(__file__).parents[3] / "docs/review/json.md"


@pytest.mark.parametrize("name", FORMATS)
def test_every_form_can_be_written_and_shows_no_hidden_character(name: str) -> None:
    shown = reports.render(name, [hostile()])

    shown.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", shown)


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"badge"}))
def test_every_form_names_the_file_and_the_command_of_each_finding(name: str) -> None:
    shown = reports.render(name, [report(findings=FINDINGS, base="f" * 40)])

    assert "golden-path.yaml" in shown
    assert "criticality falls" in shown
    assert "make doc-06" in shown


@pytest.mark.parametrize("name", FORMATS)
def test_every_form_shows_each_of_several_products(name: str) -> None:
    shown = reports.render(name, [report(name="First"), report(name="Second", folder="models/second")])

    assert "models/second" in shown if name == "sarif" else ("First" in shown and "Second" in shown)


@pytest.mark.parametrize("name", FORMATS)
def test_a_selection_has_no_level(name: str) -> None:
    shown = reports.render(name, [report(complete=False)])

    assert not re.search(r"[Ll]evel \d of 4", shown)
    if name == "json":
        assert json.loads(shown)["products"][0]["level"] is None


def test_a_level_counts_no_attested_anchor_no_waiver_and_nothing_unknown() -> None:
    [product] = json.loads(reports.render("json", [report(trend=TREND)]))["products"]

    levels = {part["name"]: part["level"] for part in product["parts"]}
    assert levels == {
        "documentation": 1,
        "code quality": 2,
        "traceability & reproducibility": 4,
        "monitoring & support": 3,
        "security & governance": 2,
    }
    assert product["level"] == 1
    assert product["trend"][1]["gained"] == ["CQ-02"]
    assert [entry["counts"] for entry in product["signed"]] == [True, False]


def test_json_says_its_version_and_holds_every_criterion() -> None:
    content = json.loads(reports.render("json", [report(findings=FINDINGS, base="f" * 40)]))

    assert content["schema"] == 1
    assert content["gate"] == "red"
    [product] = content["products"]
    criteria = {item["id"]: item for part in product["parts"] for item in part["criteria"]}
    assert criteria.keys() == {"DOC-01", "DOC-06", "CQ-02", "CQ-12", "TR-11", "MON-12", "SEC-01"}
    assert criteria["DOC-06"]["evidence"][0]["line"] == 7
    assert product["commit"] == COMMIT
    assert product["next_steps"][0]["id"] == "DOC-06"


def at_base() -> list[Result]:
    """What the base said: two criteria had another status, one of them was met."""
    other = {"DOC-06": Status.PASS, "SEC-01": Status.FAIL}
    return [
        replace(item, verdict=replace(item.verdict, status=other.get(item.criterion.id, item.status)))
        for item in RESULTS
    ]


def test_json_tells_the_level_of_the_base_and_what_changed_since() -> None:
    before = report(at_base()).review

    [product] = json.loads(reports.render("json", [report(findings=FINDINGS, base="f" * 40, before=before)]))[
        "products"
    ]

    assert (product["base"], product["base_level"], product["level"]) == ("f" * 40, 2, 1)
    assert product["changes"] == [
        {
            "id": "DOC-06",
            "title": "Title of DOC-06",
            "before": "pass",
            "now": "fail",
            "met_before": True,
            "met": False,
        },
        {
            "id": "SEC-01",
            "title": "Title of SEC-01",
            "before": "fail",
            "now": "error",
            "met_before": False,
            "met": False,
        },
    ]


def test_json_of_no_base_tells_none() -> None:
    [product] = json.loads(reports.render("json", [report()]))["products"]

    assert (product["base"], product["base_level"], product["changes"]) == (None, None, None)


def keys(content: object) -> set[str]:
    """Every key of nested JSON; what is counted by status has statuses for keys."""
    if isinstance(content, dict):
        inside = [keys(value) for key, value in content.items() if key != "counts"]
        return set(content).union(*inside)
    return set().union(*map(keys, content)) if isinstance(content, list) else set()


def test_the_page_about_json_names_every_key_and_the_version() -> None:
    text = reports.render("json", [report(findings=FINDINGS, trend=TREND, before=report(at_base()).review)])
    page = PAGE.read_text("utf-8")

    content = json.loads(text)

    assert keys(content) <= set(re.findall(r"`([a-z_]+)`", page))
    assert f"`schema` is {content['schema']}." in page


def test_the_badge_says_the_level_in_words() -> None:
    root = ET.fromstring(reports.render("badge", [report()]))

    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("aria-label") == "maturity: level 1 of 4"


def test_a_command_that_is_said_again_is_told_once() -> None:
    facts = (
        Evidence("one", "a.py", 1, "make test"),
        Evidence("two", "b.py", 2, "make test"),
        Evidence("three", command="make test-alerts"),
    )

    assert [fact.command for fact in told_once(facts)] == ["", "make test", "make test-alerts"]
    assert [fact.command for fact in told_once(facts, "`make test`, then commit")] == ["", "", "make test-alerts"]
    assert [fact.text for fact in told_once(facts, "make test")] == ["one", "two", "three"]


def test_a_file_is_linked_where_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "golden-path.yaml").write_text("product: {}\n")
    found = report(root=tmp_path, forge="https://github.com/acme/churn/blob/c0ffee/", folder="models/a b")

    assert found.url("golden-path.yaml", 3) == (
        "https://github.com/acme/churn/blob/c0ffee/models/a%20b/golden-path.yaml#L3"
    )
    assert found.url("missing.yaml") == ""
