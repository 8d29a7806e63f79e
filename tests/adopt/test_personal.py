from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from goldenpath.adopt.personal import personal, traits
from goldenpath.adopt.profile import profile


@pytest.mark.parametrize(
    ("name", "values", "what"),
    [
        ("contact", ["a@b.org", "c@d.com"], "e-mail addresses"),
        ("x", ["+49 221 123456", "0221 98765"], "phone numbers"),
        ("host", ["10.0.0.1", "10.0.0.2"], "IP addresses"),
        ("Last Name", ["Ada", "Bo"], "names of people"),
        ("phone", [221123456, 221123457], "phone numbers"),
        ("birthday", ["1990-01-01", "1991-01-01"], "dates of birth"),
    ],
)
def test_personal_data_is_found_by_shape_and_by_name(name: str, values: list[Any], what: str) -> None:
    found = personal(profile(pd.Series(values, name=name)))

    assert found is not None
    assert what in found.reason


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("amount", [1.5, 2.5]),
        ("when", ["2026-01-01", "2026-01-02"]),
        ("version", ["1.2.3", "1.2.4"]),
        ("region_name", ["N", "S"]),
    ],
)
def test_other_data_is_not_called_personal(name: str, values: list[Any]) -> None:
    assert personal(profile(pd.Series(values, name=name))) is None


def test_protected_traits_are_recognized_by_whole_words() -> None:
    assert traits(["Age", "wage", "marital_status", "Sex", "message"]) == ["Age", "marital_status", "Sex"]


def test_the_age_of_a_thing_is_no_protected_trait() -> None:
    assert traits(["housing_median_age", "Vehicle Age", "driver age"]) == ["driver age"]
