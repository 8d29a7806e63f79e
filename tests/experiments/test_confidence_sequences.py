from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from goldenpath.experiments import confidence_sequences, power_simulation
from goldenpath.experiments.power_simulation import Rates

LOOKS = 1_000
RUNS = 1_000


@pytest.fixture(scope="module")
def without_effect() -> Rates:
    """A thousand experiments of a thing with itself, each looked at after every pair of units."""
    return power_simulation.measure(RUNS, LOOKS, 0.0)


def test_looking_all_the_time_promotes_nothing_that_is_not_better(without_effect: Rates) -> None:
    assert without_effect.promoted <= power_simulation.ALPHA


def test_the_interval_holds_the_truth_at_all_looks_together(without_effect: Rates) -> None:
    assert without_effect.missed <= power_simulation.ALPHA


def test_the_t_test_of_a_fixed_sample_does_not_stand_that(without_effect: Rates) -> None:
    assert without_effect.naive > 4 * power_simulation.ALPHA


def test_a_gain_is_found_and_harm_is_stopped() -> None:
    better, worse = power_simulation.measure(100, LOOKS, 2.0), power_simulation.measure(100, LOOKS, -1.0)

    assert better.promoted > 0.98
    assert (worse.promoted, worse.stopped) == (0.0, 1.0)


def test_units_that_come_back_are_one_unit_each() -> None:
    assert power_simulation.measure(200, 60, 0.0, days=True).missed <= power_simulation.ALPHA


def test_the_sequence_is_tightest_for_its_information_where_it_aims() -> None:
    error = confidence_sequences.error_at_aim(0.05, 2.0)
    around = error * np.linspace(0.5, 2, 31)

    widths = confidence_sequences.half_width(around, 0.05, 2.0) / around

    assert confidence_sequences.half_width(error, 0.05, 2.0) == pytest.approx(2.0)
    assert abs(around[widths.argmin()] / error - 1) < 0.1


def test_without_any_error_known_the_interval_holds_everything() -> None:
    assert confidence_sequences.half_width(np.inf, 0.05, 1.0) == np.inf


def test_shares_that_are_as_planned_are_seldom_called_uneven_although_they_are_always_looked_at() -> None:
    shares = np.array([0.8, 0.2])
    counts = _drawn(shares, 300, 800)

    told = (confidence_sequences.uneven_shares(counts, shares) < 0.05).any(axis=1).mean()

    expected = counts.sum(axis=-1, keepdims=True) * shares
    at_one_look = chi2.sf(((counts - expected) ** 2 / expected).sum(axis=-1), df=1)
    assert told <= 0.05
    assert (at_one_look[:, 30:] < 0.05).any(axis=1).mean() > 0.15


def test_units_that_got_lost_are_noticed() -> None:
    counts = _drawn(np.array([0.57, 0.43]), 100, 2_000)

    assert (confidence_sequences.uneven_shares(counts[:, -1], np.array([0.5, 0.5])) < 0.001).mean() > 0.95


def _drawn(shares: np.ndarray, runs: int, units: int) -> np.ndarray:
    """Counts by variant after each unit, shape (runs, units, 2)."""
    is_second = np.random.default_rng(7).random((runs, units)) < shares[1]
    second = is_second.cumsum(axis=1)
    return np.stack([np.arange(1, units + 1) - second, second], axis=-1)
