from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.reports import formatting
from goldenpath.reports.formatting import MINUS, UNKNOWN, Estimate


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, UNKNOWN),
        (float("nan"), UNKNOWN),
        (0, "0"),
        (0.23, "0.23"),
        (-61.4552, f"{MINUS}61.5"),
        (27337, "27,337"),
        (1234567.89, "1,234,568"),
        (2.65e-7, f"2.65e{MINUS}07"),
    ],
)
def test_numbers_are_as_long_as_they_are_useful(value: float | None, told: str) -> None:
    assert formatting.number(value) == told


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (Estimate(0.686554, 0.679099, 0.695951), "0.687 [0.679 to 0.696]"),
        (Estimate(7722.72, 7503.57, 7897.49), "7,723 [7,504 to 7,897]"),
        (Estimate(0.5, 0.5, 0.5), "0.5"),
        (Estimate(0.5), "0.5"),
        (Estimate(None), UNKNOWN),
    ],
)
def test_the_width_of_the_interval_sets_the_digits(found: Estimate, told: str) -> None:
    assert formatting.estimate(found) == told


def test_a_negative_factor_swaps_the_ends() -> None:
    assert Estimate(1.0, 0.5, 2.0).times(-10) == Estimate(-10.0, -20.0, -5.0)


@pytest.mark.parametrize(
    ("value", "told"), [(0.02849, "2.8 %"), (0.00001, "< 0.1 %"), (0.99999, "> 99.9 %"), (1.0, "100.0 %")]
)
def test_a_share_never_reads_all_or_nothing_when_it_is_not(value: float, told: str) -> None:
    assert formatting.share(value) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2013-10-02", "2 October 2013"),
        ("2013-10-02 14:30:00+00:00", "2 October 2013, 14:30"),
        ("soon", "soon"),
        (None, UNKNOWN),
    ],
)
def test_times_are_written_in_words(text: str | None, told: str) -> None:
    assert formatting.timestamp(text) == told


@given(st.text(), st.integers(1, 40))
def test_shortened_text_fits(text: str, most: int) -> None:
    assert formatting.columns(formatting.shortened(text, most)) <= most


@given(st.floats(), st.floats(), st.floats())
def test_any_estimate_can_be_told(value: float, low: float, high: float) -> None:
    assert formatting.estimate(Estimate(value, low, high), sign=True)
