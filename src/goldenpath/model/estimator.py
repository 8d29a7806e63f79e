"""Rows as scikit-learn takes them, the baselines that a model has to beat, and what a fitted one predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from goldenpath.model.features import FeatureColumn, Inputs, categories_of, encode, numbers_of
from goldenpath.model.task import Task
from goldenpath.project import team
from goldenpath.project.contract import Column
from goldenpath.project.errors import ProjectError


def as_frame(columns: Sequence[FeatureColumn], rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the contract as the frame that the pipelines take: the numbers first, then the categories.

    Args:
        columns: The features, in the order of the contract or of a model's signature.
        rows: Validated rows.
    """
    return inputs_as_frame(columns, encode(columns, {column.name: _plain(rows[column.name]) for column in columns}))


def inputs_as_frame(columns: Sequence[FeatureColumn], inputs: Inputs) -> pd.DataFrame:
    """The model's tensors as the frame that the pipelines take."""
    numbers = pd.DataFrame(inputs.numbers, columns=[column.name for column in numbers_of(columns)])
    categories = pd.DataFrame(
        inputs.categories, columns=[column.name for column in categories_of(columns)], dtype=object
    )
    return pd.concat([numbers, categories], axis=1)


def build(task: Task, columns: Sequence[Column], params: Mapping[str, Any]) -> Any:
    """An unfitted estimator by the team's ``model.py: model``.

    Args:
        task: What is predicted.
        columns: The contract's features, in its order.
        params: The section ``model`` of ``params.yaml``.

    Raises:
        ProjectError: There is no such function, it cannot be imported, or what it returned is no estimator.
    """
    built = team.function("model")(task, columns, params)
    if not callable(getattr(built, "fit", None)) or not callable(getattr(built, "predict", None)):
        raise ProjectError(
            f"model.py: model returned {type(built).__name__}, want a scikit-learn estimator with fit and predict."
        )
    return built


def constant_baseline(task: Task) -> Pipeline:
    """Knows only how often each class occurs, or the median target."""
    return make_pipeline(DummyRegressor(strategy="median") if task.kind == "regression" else DummyClassifier())


def simple_baseline(task: Task, columns: Sequence[Column]) -> Pipeline:
    """A linear model on standardized numbers and frequent categories: what a spreadsheet could do."""
    numbers, categories = positions(columns)
    scaled = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    frequent = OneHotEncoder(min_frequency=0.01, handle_unknown="infrequent_if_exist", sparse_output=False)
    steps = [("numbers", scaled, numbers), ("categories", frequent, categories)]
    linear = Ridge() if task.kind == "regression" else LogisticRegression(max_iter=300)
    return make_pipeline(ColumnTransformer([step for step in steps if step[2]]), linear)


def round_thresholds(fitted: Any) -> None:
    """Round the thresholds of gradient boosted trees down to float32, in place; other estimators stay as they are.

    ONNX holds thresholds as float32. Rounded to the nearest, a threshold can land on a value that stood above it, and
    rows with that value change sides. Rounded down, ``value <= threshold`` keeps its answer for every float32 value,
    so scikit-learn and ONNX Runtime walk the same branches.
    """
    last = fitted[-1] if isinstance(fitted, Pipeline) else fitted
    for iteration in getattr(last, "_predictors", ()):
        for tree in iteration:
            exact = tree.nodes["num_threshold"]
            nearest = exact.astype(np.float32)
            below = np.where(nearest > exact, np.nextafter(nearest, np.float32(-np.inf)), nearest)
            tree.nodes["num_threshold"] = below.astype(np.float64)


def scores(task: Task, fitted: Pipeline, frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Predictions of a fitted pipeline.

    Returns:
        binary: probability of the positive class, shape (rows,). multiclass: probabilities in the order of
        ``task.classes``, shape (rows, classes); a class that training never saw has probability 0. regression:
        predictions, shape (rows,).
    """
    if task.kind == "regression":
        return np.asarray(fitted.predict(frame), dtype=np.float64)
    probabilities = np.zeros((len(frame), len(task.classes)))
    probabilities[:, fitted.classes_] = fitted.predict_proba(frame)
    return probabilities[:, 1] if task.kind == "binary" else probabilities


def positions(columns: Sequence[FeatureColumn]) -> tuple[list[int], list[int]]:
    """Positions of the numbers and of the categories in the frame that the pipelines take."""
    split = len(numbers_of(columns))
    return list(range(split)), list(range(split, len(columns)))


def _plain(column: pd.Series) -> Any:
    """A pandas column as a NumPy array or a list in which missing values are NaN, NaT or None."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return column.to_numpy()
    if pd.api.types.is_numeric_dtype(column.dtype):  # booleans included
        return column.to_numpy(dtype="float64", na_value=np.nan)
    return column.astype(object).where(column.notna(), None).tolist()
