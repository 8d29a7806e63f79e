from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from {{ cookiecutter.package_name }} import contract, params
from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.model import task
from {{ cookiecutter.package_name }}.paths import split_file
from {{ cookiecutter.package_name }}.pipeline.train import train


def test_one_class_alone_is_refused(project: Path) -> None:
    asked = task.of(contract.load(), params.load())
    if asked.kind == "regression":
        pytest.skip("a regression has no classes")
    rows = pd.read_parquet(split_file("train"))
    rows[rows[asked.target] == asked.classes[0]].to_parquet(split_file("train"))

    with pytest.raises(ProjectError, match="holds one class of"):
        train()
