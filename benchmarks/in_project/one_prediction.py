"""One prediction by ``Predictor`` and by scikit-learn's pipeline on a one-row DataFrame, in turn; prints JSON.

Runs inside the generated sample after its pipeline.
"""

import json
import statistics
import time
from collections.abc import Callable

import pandas as pd
from threadpoolctl import threadpool_limits

from goldenpath.model import estimator, store
from goldenpath.model.predictor import Predictor
from goldenpath.project import contract
from goldenpath.project.paths import ESTIMATORS, split_file

ROUNDS = 15
CALLS = {"predictor": 2000, "scikit_learn": 40}


def microseconds(action: Callable[[], object], calls: int) -> float:
    """Return the mean time of one call."""
    started = time.perf_counter()
    for _ in range(calls):
        action()
    return (time.perf_counter() - started) / calls * 1e6


rows = pd.read_parquet(split_file("test")).head(1)
row = json.loads(rows.to_json(orient="records", date_format="iso"))[0]
frame = estimator.as_frame(contract.load().features, rows)
predictor, pipeline = Predictor.load(), store.load(ESTIMATORS)["model"]
times: dict[str, list[float]] = {"predictor": [], "scikit_learn": []}
with threadpool_limits(1):  # the kindest setting for scikit-learn: one row is too little to share
    for _ in range(ROUNDS):
        times["predictor"].append(microseconds(lambda: predictor.predict_one(row), CALLS["predictor"]))
        times["scikit_learn"].append(microseconds(lambda: pipeline.predict_proba(frame), CALLS["scikit_learn"]))
print(json.dumps({f"{name}_us": statistics.median(found) for name, found in times.items()}))
