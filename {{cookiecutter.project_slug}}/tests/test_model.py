"""The estimator of model.py learns, the same each time, and predicts for gaps and categories it has never met."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from goldenpath.model import task
from goldenpath.model.features import categories_of, numbers_of
from goldenpath.project import contract, params

from your_package.model import model

COLUMNS = contract.load().features
TASK = task.of(contract.load(), params.load())
SMALL = {**params.load().model, "max_iter": 30, "min_samples_leaf": 5}
NUMBERS = [column.name for column in numbers_of(COLUMNS)]
CATEGORIES = [column.name for column in categories_of(COLUMNS)]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Three hundred rows as the pipeline hands them over: numbers first, then categories."""
    chance = np.random.default_rng(0)
    numbers = {name: chance.uniform(0, 1, 300) for name in NUMBERS}
    categories = {name: chance.choice(["left", "right"], 300).astype(object) for name in CATEGORIES}
    return pd.DataFrame(numbers | categories)


@pytest.fixture(scope="module")
def target(rows: pd.DataFrame) -> np.ndarray:
    """What the first column decides."""
    first = rows.iloc[:, 0]
    return np.asarray(first > 0.5 if NUMBERS else first == "right", dtype=int)


def test_model_learns_what_one_column_decides(rows: pd.DataFrame, target: np.ndarray) -> None:
    fitted = model(TASK, COLUMNS, SMALL).fit(rows, target)

    assert np.corrcoef(fitted.predict(rows), target)[0, 1] > 0.9


def test_model_predicts_for_gaps_and_new_categories(rows: pd.DataFrame, target: np.ndarray) -> None:
    fitted = model(TASK, COLUMNS, SMALL).fit(rows, target)
    unknown = rows.assign(**dict.fromkeys(NUMBERS, np.nan), **dict.fromkeys(CATEGORIES, "never met"))

    assert np.isfinite(fitted.predict(unknown)).all()


def test_model_is_the_same_for_the_same_seed(rows: pd.DataFrame, target: np.ndarray) -> None:
    first, second = (model(TASK, COLUMNS, SMALL).fit(rows, target).predict(rows) for _ in range(2))

    np.testing.assert_array_equal(first, second)
