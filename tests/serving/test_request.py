from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from goldenpath.project.contract import Contract
from goldenpath.serving.rest.request import refusals, row_model

ROW = {"store": 7, "size": "S", "price": 9.5}


def refused(agreed: Contract, row: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(ValidationError) as error:
        row_model(agreed).model_validate(row)
    [refusal] = refusals(agreed, error.value.errors())
    return refusal


@pytest.mark.parametrize(
    ("change", "rule", "message"),
    [
        ({"size": "XXL"}, "enum", "size must be one of S, M. Size on the label."),
        ({"price": 101}, "range", "price must be between 0 and 100. Price paid, EUR."),
        ({"price": "dear"}, "type", "price must be a number. Price paid, EUR."),
        ({"price": float("nan")}, "type", "price must be a number. Price paid, EUR."),
        ({"store": 8}, "enum", "store must be one of 7, 12."),
    ],
)
def test_a_bad_value_is_refused_in_the_contracts_words(
    shop_contract: Contract, change: dict[str, Any], rule: str, message: str
) -> None:
    refusal = refused(shop_contract, {**ROW, **change})

    assert (refusal["rule"], refusal["message"]) == (rule, message)


def test_optional_columns_may_be_null_or_left_out(shop_contract: Contract) -> None:
    row = row_model(shop_contract).model_validate({"price": None})

    assert row.model_dump() == {"store": None, "size": None, "price": None}
