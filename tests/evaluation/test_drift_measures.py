from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from goldenpath.evaluation import drift_measures

ROWS = 20_000


def normal(mean: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1, ROWS)


def test_samples_of_one_distribution_do_not_drift() -> None:
    found = drift_measures.of_numbers(normal(0, 1), normal(0, 2))

    assert drift_measures.size(found.psi) == "none"
    assert found.psi < 0.01


def test_the_index_of_numbers_is_that_of_the_formula() -> None:
    before, after = np.repeat([1.0, 2.0], [5000, 5000]), np.repeat([1.0, 2.0], [8000, 2000])

    found = drift_measures.of_numbers(before, after)

    assert found.psi == pytest.approx(0.3 * np.log(0.8 / 0.5) + -0.3 * np.log(0.2 / 0.5), rel=1e-3)
    assert found.total_variation == pytest.approx(0.3)


def test_a_shift_by_a_standard_deviation_is_large() -> None:
    assert drift_measures.size(drift_measures.of_numbers(normal(0, 1), normal(1, 2)).psi) == "large"


def test_values_that_go_missing_are_drift() -> None:
    after = normal(0, 2)
    after[: ROWS // 2] = np.nan

    found = drift_measures.of_numbers(normal(0, 1), after)

    assert (found.missing_before, found.missing_after) == (0, 0.5)
    assert drift_measures.size(found.psi) == "large"


def test_a_column_of_one_value_can_be_compared() -> None:
    assert drift_measures.of_numbers(np.ones(100), np.ones(50)).psi == pytest.approx(0, abs=0.01)


def test_a_column_without_any_value_can_be_compared() -> None:
    found = drift_measures.of_numbers(np.full(100, np.nan), np.arange(100.0))

    assert found.total_variation == 1


def test_categories_that_the_base_never_had_are_drift() -> None:
    before = pd.Series(["a", "b"] * 500, dtype="string")
    after = pd.Series(["a", "new"] * 500, dtype="string")

    found = drift_measures.of_categories(before, after)

    assert found.total_variation == pytest.approx(0.5)
    assert drift_measures.size(found.psi) == "large"


def test_many_rare_categories_do_not_look_like_drift() -> None:
    names = np.random.default_rng(1).integers(0, 5_000, (2, 5_000)).astype(str)

    found = drift_measures.of_categories(*(pd.Series(row, dtype="string") for row in names))

    assert drift_measures.size(found.psi) == "none"
