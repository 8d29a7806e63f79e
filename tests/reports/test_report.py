"""What all forms of the report share."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from goldenpath import reports
from goldenpath.reports import FORMATS
from goldenpath.reports.report import forge_of, plain, web_link
from tests.reports.reviews import COMMIT, FINDINGS, NASTY, TREND, hostile, report


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


def test_the_badge_says_the_level_in_words() -> None:
    root = ET.fromstring(reports.render("badge", [report()]))

    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("aria-label") == "maturity: level 1 of 4"


def test_plain_text_keeps_letters_of_any_script() -> None:
    assert plain("Zürich 東京 naïve") == "Zürich 東京 naïve"
    assert plain("a\x1b[31mb\nc\udcff") == r"a\x1b[31mb c\udcff"


@pytest.mark.parametrize(
    ("remote", "want"),
    [
        ("https://github.com/acme/churn.git", "https://github.com/acme/churn/blob/c0ffee/"),
        ("https://user:secret@github.com/acme/churn", "https://github.com/acme/churn/blob/c0ffee/"),
        ("git@github.com:acme/churn.git", "https://github.com/acme/churn/blob/c0ffee/"),
        ("ssh://git@gitlab.example.com:2222/a/b/c.git", "https://gitlab.example.com/a/b/c/-/blob/c0ffee/"),
        ("/srv/git/churn.git", ""),
        ("../churn", ""),
        ("file:///srv/churn", ""),
        ("C:/work/churn", ""),
        ('https://github.com/acme/ch"urn', ""),
        ("", ""),
    ],
)
def test_the_forge_is_told_from_the_remote_without_its_password(remote: str, want: str) -> None:
    assert forge_of(remote, "c0ffee", {}) == want


def test_the_forge_is_what_the_ci_system_says() -> None:
    environment = {"GITHUB_SERVER_URL": "https://git.acme.example", "GITHUB_REPOSITORY": "acme/churn"}

    assert forge_of("/tmp/x", "c0ffee", environment) == "https://git.acme.example/acme/churn/blob/c0ffee/"  # noqa: S108


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://a b", 'https://x/"onclick', NASTY, "ftp://x", ""])
def test_only_addresses_of_the_web_become_links(link: str) -> None:
    assert web_link(link) == ""


def test_a_file_is_linked_where_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "golden-path.yaml").write_text("product: {}\n")
    found = report(root=tmp_path, forge="https://github.com/acme/churn/blob/c0ffee/", folder="models/a b")

    assert found.url("golden-path.yaml", 3) == (
        "https://github.com/acme/churn/blob/c0ffee/models/a%20b/golden-path.yaml#L3"
    )
    assert found.url("missing.yaml") == ""
