from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from goldenpath.model import store
from goldenpath.project.errors import ProjectError


def test_an_estimator_that_would_run_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "estimators.skops"
    store.save({"model": Pipeline([("attack", FunctionTransformer(os.system))])}, path)

    with pytest.raises(ProjectError, match=r"holds posix\.system"):
        store.load(path)


def test_the_same_fit_gives_the_same_file_and_the_same_scores(tmp_path: Path) -> None:
    rows = np.linspace(0, 1, 200).reshape(-1, 2)
    labels = np.arange(100) % 3 > 0
    paths = [tmp_path / "one.skops", tmp_path / "other.skops"]
    for path in paths:
        fitted = Pipeline([("trees", HistGradientBoostingClassifier(max_iter=3, random_state=1))]).fit(rows, labels)
        store.save({"model": fitted, "baseline": fitted}, path)

    loaded = store.load(paths[1])

    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert loaded["model"] is loaded["baseline"]
    np.testing.assert_array_equal(loaded["model"].predict_proba(rows), fitted.predict_proba(rows))


def test_the_file_is_no_pickle(inside: Path) -> None:
    with zipfile.ZipFile("models/estimators.skops") as archive:
        assert "schema.json" in archive.namelist()
        assert not any(name.endswith((".pkl", ".joblib")) for name in archive.namelist())


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="make run"):
        store.load(tmp_path / "estimators.skops")
