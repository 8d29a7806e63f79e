from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from goldenpath.model.estimator import as_frame
from goldenpath.model.features import as_category, as_number, encode
from goldenpath.project.contract import Contract
from goldenpath.tables.validation import validate


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3.0),
        (True, 1.0),
        (date(1970, 1, 11), 10.0),
        (datetime(1970, 1, 2, 12, tzinfo=UTC), 1.5),
        ("1970-01-02T12:00:00Z", 1.5),
        ("1970-01-11", 10.0),
    ],
)
def test_values_become_numbers(value: Any, number: float) -> None:
    assert as_number(value) == number


def test_missing_numbers_become_nan() -> None:
    assert np.isnan([as_number(None), as_number(float("nan"))]).all()


@pytest.mark.parametrize(("value", "category"), [(7, "7"), (7.0, "7"), ("S", "S"), (None, ""), (float("nan"), "")])
def test_values_become_categories(value: Any, category: str) -> None:
    assert as_category(value) == category


def test_nominal_numbers_go_among_the_categories(shop_contract: Contract) -> None:
    inputs = encode(shop_contract.features, {"store": [7, None], "size": ["S", None], "price": [1.5, None]})

    assert inputs.categories.tolist() == [["7", "S"], ["", ""]]
    np.testing.assert_array_equal(inputs.numbers, np.array([[1.5], [np.nan]], dtype=np.float32))


def test_training_and_serving_encode_alike(shop_contract: Contract, shop_rows: pd.DataFrame) -> None:
    valid = validate(shop_contract, shop_rows).valid
    served = {
        column.name: [None if pd.isna(value) else value for value in valid[column.name]]
        for column in shop_contract.features
    }

    trained_on = as_frame(shop_contract.features, valid)
    inputs = encode(shop_contract.features, served)

    np.testing.assert_array_equal(trained_on[["price"]].to_numpy(), inputs.numbers)
    assert trained_on[["store", "size"]].to_numpy().tolist() == inputs.categories.tolist()


def test_timestamps_encode_alike_as_arrays_and_as_objects() -> None:
    timestamps = pd.Series(pd.to_datetime(["2026-01-01T06:00:00Z", None]))
    column = type("Moment", (), {"name": "at", "is_category": False})()

    from_array = encode([column], {"at": timestamps.dt.tz_localize(None).to_numpy()})
    from_objects = encode([column], {"at": [datetime(2026, 1, 1, 6, tzinfo=UTC), None]})

    np.testing.assert_array_equal(from_array.numbers, from_objects.numbers)
