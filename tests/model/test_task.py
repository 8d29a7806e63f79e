from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goldenpath.model import task
from goldenpath.project import contract, params
from goldenpath.project.contract import Contract, ContractError
from goldenpath.project.params import Params, ParamsError


@pytest.fixture
def settings(inside: Path) -> Params:
    return params.load().model_copy(update={"problem": "classification", "positive_class": True})


def with_target(shop: Any, **target: Any) -> Contract:
    return contract.load(shop(lambda content: content["schema"][0]["properties"][-1].update(target)))


def test_a_boolean_target_is_binary_with_the_positive_class_last(shop_contract: Contract, settings: Params) -> None:
    asked = task.of(shop_contract, settings)

    assert (asked.kind, asked.classes) == ("binary", (False, True))
    assert asked.encode([True, False]).tolist() == [1, 0]


def test_the_positive_class_can_be_either(shop_contract: Contract, settings: Params) -> None:
    asked = task.of(shop_contract, settings.model_copy(update={"positive_class": False}))

    assert asked.encode([True, False]).tolist() == [0, 1]


def test_three_classes_are_multiclass(shop: Any, settings: Params) -> None:
    agreed = with_target(shop, logicalType="string", enum=[{"value": value} for value in "abc"])

    asked = task.of(agreed, settings)

    assert (asked.kind, asked.encode(["c", "a"]).tolist()) == ("multiclass", [2, 0])


def test_a_number_is_regression(shop: Any, settings: Params) -> None:
    agreed = with_target(shop, logicalType="number")

    asked = task.of(agreed, settings.model_copy(update={"problem": "regression"}))

    assert (asked.kind, asked.encode([1.5]).tolist()) == ("regression", [1.5])


def test_regression_on_a_boolean_is_refused(shop_contract: Contract, settings: Params) -> None:
    with pytest.raises(ContractError, match="'returned' is boolean, regression needs a number"):
        task.of(shop_contract, settings.model_copy(update={"problem": "regression"}))


def test_classes_that_nobody_listed_are_refused(shop: Any, settings: Params) -> None:
    with pytest.raises(ContractError, match="needs an enum of its classes"):
        task.of(with_target(shop, logicalType="string"), settings)


def test_a_positive_class_that_does_not_exist_is_refused(shop_contract: Contract, settings: Params) -> None:
    with pytest.raises(ParamsError, match="positive_class is 'yes', want False or True"):
        task.of(shop_contract, settings.model_copy(update={"positive_class": "yes"}))
