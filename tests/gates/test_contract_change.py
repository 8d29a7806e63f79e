from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from goldenpath.gates import contract_change
from goldenpath.gates.contract_change import Change, version_fault
from goldenpath.project import contract
from goldenpath.project.paths import CONTRACT_DIFF
from tests.gates.orders import git

Content = dict[str, Any]
Edit = Callable[[Content], Any]


def column(content: Content, name: str) -> Content:
    found: Content = next(item for item in content["schema"][0]["properties"] if item["name"] == name)
    return found


def roles(*names: str) -> list[Content]:
    return [{"property": "roles", "value": list(names)}]


def new_column(name: str, **more: Any) -> Content:
    return {"name": name, "logicalType": "number", "customProperties": roles("feature"), **more}


def changed(shop: Any, edit: Edit, beforehand: Edit = lambda content: None) -> list[Change]:
    before = contract.load(shop(beforehand))

    def both(content: Content) -> None:
        beforehand(content)
        edit(content)

    return contract_change.compare(before, contract.load(shop(both)))


BREAKING: list[tuple[str, Edit, str, set[str]]] = [
    (
        "a feature removed",
        lambda c: c["schema"][0]["properties"].remove(column(c, "price")),
        "column removed",
        {"callers"},
    ),
    (
        "a protected column removed",
        lambda c: c["schema"][0]["properties"].remove(column(c, "member")),
        "column removed",
        {"reviewers"},
    ),
    (
        "a feature renamed",
        lambda c: column(c, "price").update(name="cost", physicalName="price"),
        "renamed",
        {"callers"},
    ),
    (
        "a required feature added",
        lambda c: c["schema"][0]["properties"].append(new_column("weight", required=True)),
        "column added",
        {"producers", "callers"},
    ),
    (
        "an optional feature added, without which a table is refused",
        lambda c: c["schema"][0]["properties"].append(new_column("weight")),
        "column added",
        {"producers"},
    ),
    (
        "another name in the source",
        lambda c: column(c, "price").update(physicalName="PRICE"),
        "source's name",
        {"producers"},
    ),
    ("a feature required", lambda c: column(c, "price").update(required=True), "required", {"producers", "callers"}),
    ("a type narrowed", lambda c: column(c, "price").update(logicalType="integer"), "type", {"producers", "callers"}),
    (
        "a range narrowed",
        lambda c: column(c, "price").update(logicalTypeOptions={"minimum": 0, "maximum": 50}),
        "maximum",
        {"producers", "callers"},
    ),
    ("an enum narrowed", lambda c: column(c, "size").update(enum=[{"value": "S"}]), "enum", {"producers", "callers"}),
    (
        "an enum where there was none",
        lambda c: column(c, "price").update(enum=[{"value": 1}]),
        "enum",
        {"producers", "callers"},
    ),
    (
        "a pattern demanded",
        lambda c: column(c, "size").update(logicalTypeOptions={"pattern": "[SM]"}),
        "pattern",
        {"producers", "callers"},
    ),
    ("values that must differ", lambda c: column(c, "price").update(unique=True), "unique", {"producers"}),
    (
        "another unit",
        lambda c: column(c, "price").update(description="Price paid, USD."),
        "unit",
        {"producers", "callers"},
    ),
    (
        "names where there were quantities",
        lambda c: column(c, "store").update(customProperties=roles("feature", "segment")),
        "scale",
        {"producers", "callers"},
    ),
    (
        "another target",
        lambda c: (
            column(c, "returned").update(customProperties=roles("segment")),
            column(c, "member").update(customProperties=roles("target")),
        ),
        "role target",
        {"callers"},
    ),
    (
        "a feature no longer one",
        lambda c: column(c, "price").update(customProperties=roles("segment")),
        "role feature",
        {"callers"},
    ),
    (
        "nobody protected any longer",
        lambda c: column(c, "member").update(customProperties=roles("segment")),
        "role protected",
        {"reviewers"},
    ),
    (
        "data handled with less care",
        lambda c: column(c, "customer").update(classification="public"),
        "classification",
        {"reviewers"},
    ),
]
COMPATIBLE: list[tuple[str, Edit, str]] = [
    ("a type widened", lambda c: column(c, "customer").update(logicalType="number"), "type"),
    ("a range widened", lambda c: column(c, "price")["logicalTypeOptions"].update(minimum=-1), "minimum"),
    ("an enum widened", lambda c: column(c, "size").update(enum=[{"value": v} for v in "SML"]), "enum"),
    ("a demand dropped", lambda c: column(c, "ordered").update(required=False), "required"),
    (
        "one more protected",
        lambda c: column(c, "size").update(customProperties=roles("feature", "protected")),
        "role protected",
    ),
    (
        "data handled with more care",
        lambda c: column(c, "customer").update(classification="restricted"),
        "classification",
    ),
]


@pytest.mark.parametrize(("edit", "what", "whom"), [case[1:] for case in BREAKING], ids=[case[0] for case in BREAKING])
def test_what_somebody_has_to_follow_is_breaking(shop: Any, edit: Edit, what: str, whom: set[str]) -> None:
    found = [change for change in changed(shop, edit) if change.what == what and change.breaks]

    assert {audience for change in found for audience in change.breaks} == whom
    assert {change.demands for change in found} == {"major"}


@pytest.mark.parametrize(("edit", "what"), [case[1:] for case in COMPATIBLE], ids=[case[0] for case in COMPATIBLE])
def test_what_only_allows_more_is_compatible(shop: Any, edit: Edit, what: str) -> None:
    assert [(change.what, change.demands) for change in changed(shop, edit)] == [(what, "minor")]


def test_new_classes_of_the_target_break_callers_who_never_saw_them(shop: Any) -> None:
    def to_text(content: Content) -> None:
        column(content, "returned").update(logicalType="string", enum=[{"value": "yes"}, {"value": "no"}])

    found = changed(
        shop, lambda c: column(c, "returned").update(enum=[{"value": v} for v in ("yes", "no", "lost")]), to_text
    )

    assert [(change.what, change.breaks) for change in found] == [("enum", ("callers",))]


def test_another_unit_of_the_target_breaks_callers_too(shop: Any) -> None:
    def to_amount(content: Content) -> None:
        column(content, "returned").update(logicalType="number", description="Weight sent back, kg.")

    found = changed(shop, lambda c: column(c, "returned").update(description="Weight sent back, pounds."), to_amount)

    assert [(change.what, change.breaks) for change in found] == [("unit", ("producers", "callers"))]


def test_reworded_descriptions_demand_nothing(shop: Any) -> None:
    found = changed(shop, lambda c: column(c, "price").update(description="What was paid, EUR."))

    assert [(change.what, change.demands) for change in found] == [("words", "none")]


@pytest.mark.parametrize(
    ("before", "after", "demand", "words"),
    [
        ("1.2.0", "2.0.0", "major", ""),
        ("1.2.0", "1.3.0", "minor", ""),
        ("1.2.0", "1.2.0", "none", ""),
        ("1.2.0", "1.3.0", "major", "version: 2.0.0 or higher"),
        ("1.2.0", "1.2.1", "minor", "version: 1.3.0 or higher"),
        ("0.2.0", "0.3.0", "major", ""),
        ("0.2.0", "0.2.1", "major", "before 1.0.0 the minor number says so"),
        ("1.2.0", "1.1.0", "none", "went back"),
        ("1.2.0", "two", "major", "not SemVer"),
    ],
)
def test_the_version_has_to_say_what_changed(before: str, after: str, demand: Any, words: str) -> None:
    fault = version_fault(before, after, demand)

    assert words in fault
    assert bool(fault) is bool(words)


def rewrite(root: Path, edit: Edit) -> None:
    content = yaml.safe_load((root / contract.PATH).read_text())
    edit(content)
    (root / contract.PATH).write_text(yaml.safe_dump(content, sort_keys=False))


def run(root: Path, base: str = "main") -> tuple[int, dict[str, Any]]:
    outcome = contract_change.run(root, base)
    return outcome.exit_code, json.loads((root / CONTRACT_DIFF).read_text())


def test_a_breaking_change_without_a_new_major_version_is_red(
    product: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rewrite(product, lambda c: column(c, "price").update(logicalType="integer"))

    code, report = run(product)

    assert (code, report["verdict"]) == (1, "fail")
    assert report["version"] == {"base": "1.2.0", "head": "1.2.0", "demands": "major", "needed": "2.0.0"}
    assert "| price | type | number | integer | producers, callers |" in capsys.readouterr().out


def test_a_breaking_change_under_a_new_major_version_is_green(product: Path) -> None:
    rewrite(product, lambda c: (column(c, "price").update(logicalType="integer"), c.update(version="2.0.0")))

    code, report = run(product)

    assert (code, report["verdict"]) == (0, "pass")
    assert [change["what"] for change in report["changes"]] == ["type"]


def test_a_broken_contract_is_red_in_its_own_words(product: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite(product, lambda c: column(c, "price").update(logicalType="decimal"))

    code, report = run(product)

    assert (code, report["verdict"]) == (1, "fail")
    assert "logicalType is decimal" in capsys.readouterr().out


def test_an_unknown_base_is_inconclusive_and_says_how_to_get_it(
    product: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(product, "remote", "add", "origin", "https://example.com/shop.git")

    code, report = run(product, "origin/main")

    assert (code, report["verdict"]) == (3, "inconclusive")
    assert "git fetch origin" in capsys.readouterr().out


def test_without_a_remote_the_last_commit_is_the_base(product: Path) -> None:
    rewrite(product, lambda c: column(c, "price").update(logicalType="integer"))

    code, report = run(product, "origin/main")

    assert (code, report["base"]) == (1, git(product, "rev-parse", "HEAD"))


def test_what_the_base_branch_gained_meanwhile_is_not_the_changes_doing(product: Path) -> None:
    git(product, "checkout", "--quiet", "main")
    rewrite(product, lambda c: column(c, "price").update(logicalType="integer"))
    git(product, "commit", "--quiet", "--all", "--message", "Whole euros")
    git(product, "checkout", "--quiet", "change")

    code, report = run(product)

    assert (code, report["changes"]) == (0, [])
