from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline

from goldenpath.model import estimator, store, task
from goldenpath.project import contract, params
from goldenpath.project.paths import ESTIMATORS, split_file


def test_rounded_thresholds_are_float32_and_keep_every_branch() -> None:
    # Neighbouring float32 values: a midpoint between them lies on no float32, and rounds up half of the time.
    values = np.float32(16_777_216) + np.arange(0, 400, 2, dtype=np.float32)
    frame = pd.DataFrame({"amount": np.repeat(values, 30)})
    target = (np.arange(len(frame)) // 30) % 2
    steps = [("features", ColumnTransformer([("numbers", "passthrough", [0])]))]
    fitted = Pipeline([*steps, ("estimator", HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=1))])
    fitted.fit(frame, target)
    before = fitted.predict_proba(frame)

    estimator.round_thresholds(fitted)

    thresholds = np.concatenate([tree.nodes["num_threshold"] for [tree] in fitted["estimator"]._predictors])
    np.testing.assert_array_equal(thresholds, thresholds.astype(np.float32))
    np.testing.assert_array_equal(fitted.predict_proba(frame), before)


def test_scores_have_the_shape_of_the_task(inside: Path) -> None:
    agreed, settings = contract.load(), params.load()
    asked = task.of(agreed, settings)
    frame = estimator.as_frame(agreed.features, pd.read_parquet(split_file("test")))

    for fitted in store.load(ESTIMATORS).values():
        found = estimator.scores(asked, fitted, frame)
        assert found.shape == ((len(frame), len(asked.classes)) if asked.kind == "multiclass" else (len(frame),))


def test_a_class_that_training_never_saw_has_probability_zero() -> None:
    asked = task.Task("multiclass", "kind", ("a", "b", "c"))
    frame = pd.DataFrame({"x": np.arange(100, dtype=np.float32)})
    fitted = estimator.constant_baseline(asked).fit(frame, np.repeat([0, 2], 50))

    found = estimator.scores(asked, fitted, frame)

    assert found[0].tolist() == [0.5, 0.0, 0.5]
