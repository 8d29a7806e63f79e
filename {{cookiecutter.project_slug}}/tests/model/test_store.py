from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.model import store


def test_an_estimator_that_would_run_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "estimators.skops"
    store.save({"model": Pipeline([("attack", FunctionTransformer(os.system))])}, path)

    with pytest.raises(ProjectError, match=r"holds posix\.system"):
        store.load(path)


def test_the_file_is_no_pickle(inside: Path) -> None:
    with zipfile.ZipFile("models/estimators.skops") as archive:
        assert "schema.json" in archive.namelist()
        assert not any(name.endswith((".pkl", ".joblib")) for name in archive.namelist())


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="make pipeline"):
        store.load(tmp_path / "estimators.skops")
