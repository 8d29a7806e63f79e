from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from goldenpath.project.contract import Contract, ContractError
from goldenpath.tables.validation import VIOLATIONS, validate


def test_rows_that_keep_the_contract_come_out_typed_and_renamed(shop_contract: Contract, shop_rows: Any) -> None:
    found = validate(shop_contract, shop_rows)

    assert found.broken == []
    assert found.quarantine.empty
    assert found.valid["customer"].tolist() == [1, 2, 3, 4]
    assert found.valid["member"].tolist()[:3] == [True, False, True]
    assert found.valid["ordered"].tolist()[0] == pd.Timestamp("2026-01-01", tz="UTC")


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("Customer No", None, "required"),
        ("Customer No", 2, "unique"),
        ("Customer No", 1.5, "type"),
        ("store", 8, "enum"),
        ("size", "XXL", "enum"),
        ("price", -1.0, "range"),
        ("price", 100.5, "range"),
        ("member", "perhaps", "type"),
        ("ordered", "soon", "type"),
        ("returned", None, "required"),
    ],
)
def test_a_row_that_breaks_a_rule_is_quarantined_with_the_rule(
    shop_contract: Contract, shop_rows: Any, column: str, value: Any, rule: str
) -> None:
    shop_rows[column] = shop_rows[column].astype(object)
    shop_rows.loc[0, column] = value

    found = validate(shop_contract, shop_rows)

    assert rule in {item.rule.name for item in found.broken}
    assert 0 in found.quarantine.index
    assert "must" in found.quarantine.loc[0, VIOLATIONS]


def test_a_wrong_type_is_told_once_and_not_as_a_missing_value_too(shop_contract: Contract, shop_rows: Any) -> None:
    shop_rows["Customer No"] = ["one", 2, 3, 4]

    found = validate(shop_contract, shop_rows)

    assert [(item.column, item.rule.name, item.samples) for item in found.broken] == [("customer", "type", ["one"])]


def test_no_row_is_dropped(shop_contract: Contract, shop_rows: Any) -> None:
    shop_rows.loc[[1, 3], "price"] = [-5.0, 500.0]

    found = validate(shop_contract, shop_rows)

    assert len(found.valid) + len(found.quarantine) == len(shop_rows)
    assert found.quarantine["price"].tolist() == [-5.0, 500.0], "quarantined rows stay as they came"


def test_columns_that_the_contract_does_not_name_are_reported(shop_contract: Contract, shop_rows: Any) -> None:
    found = validate(shop_contract, shop_rows.assign(colour="red"))

    assert found.unknown_columns == ["colour"]
    assert "colour" not in found.valid


def test_a_missing_column_is_refused_by_its_name_in_the_source(shop_contract: Contract, shop_rows: Any) -> None:
    with pytest.raises(ContractError, match="columns Customer No are not in the data"):
        validate(shop_contract, shop_rows.drop(columns="Customer No"))
