"""For each rule of a contract there is a value that breaks it, and validation that lets one through is found out."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from goldenpath.conformance import spoil
from goldenpath.project import contract
from goldenpath.project.contract import Contract
from goldenpath.tables.validation import validate


@pytest.fixture
def valid(shop_contract: Contract, shop_rows: pd.DataFrame) -> pd.DataFrame:
    many = [shop_rows.assign(**{"Customer No": range(first, first + 4)}) for first in range(0, 40, 4)]
    return validate(shop_contract, pd.concat(many)).valid


def test_values_break_every_rule_that_one_value_can(shop_contract: Contract) -> None:
    broken = {(case.column.name, case.rule) for case in spoil.values(shop_contract)}

    demanded = {(column.name, rule) for column in shop_contract for rule in column.rules}
    assert demanded - broken == {("customer", "unique"), ("size", "type")}, "whatever is text is of type string"
    assert broken <= demanded


def test_accepted_is_empty_where_validation_holds(shop_contract: Contract, valid: pd.DataFrame) -> None:
    assert spoil.accepted(shop_contract, valid) == []


@pytest.mark.parametrize(("column", "rule"), [("price", "logicalTypeOptions"), ("customer", "unique")])
def test_accepted_names_what_validation_lets_through(
    column: str, rule: str, shop: Any, valid: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed = contract.load(shop())

    def loosen(content: Any) -> None:
        properties = content["schema"][0]["properties"]
        next(item for item in properties if item["name"] == column).pop(rule)

    lax = contract.load(shop(loosen))
    monkeypatch.setattr(spoil, "validate", lambda _, rows: validate(lax, rows))

    faults = spoil.accepted(agreed, valid)

    assert faults
    assert all(fault.startswith(f"{column}=") for fault in faults)
