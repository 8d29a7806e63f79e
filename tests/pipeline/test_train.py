from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from goldenpath.model import task
from goldenpath.pipeline.train import train
from goldenpath.project import contract, params
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import split_file


def test_one_class_alone_is_refused(project: Path) -> None:
    asked = task.of(contract.load(), params.load())
    if asked.kind == "regression":
        pytest.skip("a regression has no classes")
    rows = pd.read_parquet(split_file("train"))
    rows[rows[asked.target] == asked.classes[0]].to_parquet(split_file("train"))

    with pytest.raises(ProjectError, match="holds one class of"):
        train()
