"""What a user would train instead, on the same rows of an adopted table; prints JSON.

Gradient boosting with scikit-learn's default settings, categories encoded as ordinals. Runs inside a generated project
after its pipeline, reads the parts that ``split`` wrote, and scores the test part by the project's own headline metric.
"""

import json
import time
from importlib import import_module

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss, mean_absolute_error, r2_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

contract = import_module("goldenpath.project.contract").load()
params = import_module("goldenpath.project.params").load()
task = import_module("goldenpath.model.task").of(contract, params)
train, test = (pd.read_parquet(f"data/split/{part}.parquet") for part in ("train", "test"))


def features(rows: pd.DataFrame) -> pd.DataFrame:
    """The contract's features as a user would hand them over: moments as numbers, the rest as it is."""
    columns = {}
    for column in contract.features:
        values = rows[column.name]
        if pd.api.types.is_datetime64_any_dtype(values):
            values = values.astype("int64").where(values.notna(), np.nan)
        present = values.astype("object").where(values.notna(), np.nan)
        columns[column.name] = present if column.is_category else present.astype("float64")
    return pd.DataFrame(columns)


started = time.perf_counter()
encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan)
encoder.set_output(transform="pandas")
categories = [column.name for column in contract.features if column.is_category]
x_train, x_test = features(train), features(test)
if categories:
    x_train[categories] = encoder.fit_transform(x_train[categories])
    x_test[categories] = encoder.transform(x_test[categories])
y_train, y_test = (task.encode(rows[task.target]) for rows in (train, test))
if task.kind == "regression":
    model = make_pipeline(HistGradientBoostingRegressor(random_state=0)).fit(x_train, y_train)
    prediction = model.predict(x_test)
    scores = {"mae": mean_absolute_error(y_test, prediction), "r2": r2_score(y_test, prediction)}
else:
    model = make_pipeline(HistGradientBoostingClassifier(random_state=0)).fit(x_train, y_train)
    probability = np.zeros((len(test), len(task.classes)))
    probability[:, model.classes_] = model.predict_proba(x_test)
    if task.kind == "binary":
        scores = {"roc_auc": roc_auc_score(y_test, probability[:, 1]), "log_loss": log_loss(y_test, probability)}
    else:
        labels = np.arange(len(task.classes))
        floored = np.clip(probability, 1e-7, 1)
        floored /= floored.sum(axis=1, keepdims=True)
        scores = {
            "log_loss": log_loss(y_test, floored, labels=labels),
            "accuracy": float((probability.argmax(axis=1) == y_test).mean()),
        }
print(json.dumps({"scores": scores, "seconds": time.perf_counter() - started}))
