from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldenpath.project import contract
from goldenpath.project.contract import Contract, ContractError

Change = Callable[[dict[str, Any]], Any]


def properties(content: dict[str, Any]) -> dict[str, Any]:
    return {item["name"]: item for item in content["schema"][0]["properties"]}


def roles(content: dict[str, Any], column: str, value: list[str]) -> None:
    properties(content)[column]["customProperties"] = [{"property": "roles", "value": value}]


def test_the_projects_own_contract_loads(inside: Path) -> None:
    agreed = contract.load()

    assert agreed.target not in agreed.features
    assert all(column.description for column in agreed), "every column says what it means"


def test_columns_are_found_by_role(shop_contract: Contract) -> None:
    assert [column.name for column in shop_contract.features] == ["store", "size", "price"]
    assert shop_contract.target.name == "returned"
    assert shop_contract.time is not None
    assert shop_contract.time.name == "ordered"
    assert shop_contract.entity is not None
    assert shop_contract.entity.physical_name == "Customer No"
    assert [column.name for column in shop_contract.having("protected")] == ["member"]


@pytest.mark.parametrize(
    ("description", "purpose", "limitations"),
    [
        ({"purpose": "Find\n  returns.", "limitations": "One shop."}, "Find returns.", "One shop."),
        (None, "", ""),
    ],
)
def test_the_contract_tells_what_the_product_is_about(
    shop: Any, description: dict[str, str] | None, purpose: str, limitations: str
) -> None:
    about = contract.load(shop(lambda content: content.update(name="Returns", description=description))).about

    assert (about.product, about.purpose, about.limitations) == ("Returns", purpose, limitations)


def test_rules_speak_of_the_columns_own_limits(shop_contract: Contract) -> None:
    assert shop_contract["price"].rules["range"].text == "must be between 0 and 100"
    assert shop_contract["size"].rules["enum"].text == "must be one of S, M"
    assert set(shop_contract["customer"].rules) == {"type", "required", "unique"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(apiVersion="v2.2.0"), "apiVersion is v2.2.0"),
        (lambda c: c.update(owner="me"), "not an ODCS v3 contract: owner"),
        (lambda c: properties(c)["price"].update(requird=True), "unknown key schema.orders.properties.price.requird"),
        (lambda c: properties(c)["price"].update(logicalType="money"), "'price': logicalType is money"),
        (lambda c: properties(c)["price"].update(name="the price"), "'the price': name must be letters"),
        (lambda c: properties(c)["price"].update(classification="hush"), "'price': classification is hush"),
        (
            lambda c: properties(c)["price"].update(logicalTypeOptions={"minimum": 9, "maximum": 1}),
            "minimum 9 is above",
        ),
        (
            lambda c: properties(c)["ordered"].update(logicalTypeOptions={"minimum": "soon"}),
            "'ordered': minimum 'soon': want a date as 2013-12-31",
        ),
        (lambda c: properties(c)["price"].update(name="size"), "name 'size' stands 2 times"),
        (lambda c: properties(c)["price"].pop("customProperties"), "'price': has no roles"),
        (lambda c: roles(c, "price", ["fature"]), "'price': roles are ['fature']"),
        (lambda c: roles(c, "price", ["excluded"]), "excluded stands alone and needs a reason"),
        (lambda c: roles(c, "price", ["time"]), "'price': role time needs logicalType date or timestamp"),
        (lambda c: roles(c, "price", ["target"]), "role target is held by price, returned"),
        (lambda c: roles(c, "returned", ["segment"]), "role target is held by no column"),
        (lambda c: roles(c, "returned", ["target", "feature"]), "a target cannot be a feature"),
        (lambda c: [roles(c, name, ["segment"]) for name in ("store", "size", "price")], "no column has role feature"),
        (lambda c: c["schema"].append(c["schema"][0]), "schema has 2 objects"),
    ],
)
def test_a_wrong_contract_is_refused_with_the_place_of_its_fault(shop: Any, change: Change, words: str) -> None:
    with pytest.raises(ContractError) as refusal:
        contract.load(shop(change))

    assert words in str(refusal.value)


def test_all_faults_of_columns_are_told_at_once(shop: Any) -> None:
    def change(content: dict[str, Any]) -> None:
        properties(content)["price"]["logicalType"] = "money"
        properties(content)["size"]["classification"] = "hush"

    with pytest.raises(ContractError) as refusal:
        contract.load(shop(change))

    assert len(str(refusal.value).splitlines()) == 2


@pytest.mark.parametrize("text", ["a: [", "just words", "\x00"])
def test_what_is_not_a_contract_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(text)

    with pytest.raises(ContractError, match="not an ODCS v3 contract"):
        contract.load(path)


def test_a_missing_contract_names_the_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="goldenpath adopt"):
        contract.load(tmp_path / "contract.yaml")
