"""Which estimator learns: gradient boosting on the columns of ``contract.yaml``. Replace :func:`model` by your own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from goldenpath.model.estimator import positions
from goldenpath.model.task import Task
from goldenpath.project.contract import Column


def model(task: Task, columns: Sequence[Column], params: Mapping[str, Any]) -> Pipeline:
    """Build the estimator, not yet fitted.

    Args:
        task: What is predicted: ``task.kind`` is ``binary``, ``multiclass`` or ``regression``.
        columns: The features of the contract; numbers come first in the table that the estimator is fitted on.
        params: The section ``model`` of ``params.yaml``.

    Returns:
        A pipeline in which a missing number takes a branch of its own.
    """
    numbers, categories = positions(columns)
    # A category that training never met is like a missing number: it takes that branch, not the one below the first.
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    steps = [("numbers", "passthrough", numbers), ("categories", encoder, categories)]
    settings = dict(params)
    loss = settings.pop("loss", "squared_error")
    settings |= {"early_stopping": False, "random_state": settings.pop("seed")}
    estimator = (
        HistGradientBoostingRegressor(loss=loss, **settings)
        if task.kind == "regression"
        else HistGradientBoostingClassifier(**settings)
    )
    features = ColumnTransformer([step for step in steps if step[2]])
    return Pipeline([("features", features), ("estimator", estimator)])
