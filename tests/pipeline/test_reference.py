from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from goldenpath.evaluation import drift_measures
from goldenpath.pipeline import reference
from goldenpath.pipeline.reference import Numbers
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import LINEAGE, REFERENCE, SIGNATURE, split_file
from tests.monitoring.log_factory import make_personal


def test_it_describes_every_input_of_the_model_and_its_answers(inside: Path) -> None:
    known, rows = reference.load(), pd.read_parquet(split_file("train"))

    signature = json.loads(SIGNATURE.read_text())
    assert list(known.columns) == [item["name"] for item in signature["inputs"]]
    assert known.model == signature["model_sha256"]
    assert {column.rows for column in known.columns.values()} == {len(rows)}
    assert {name: column.missing for name, column in known.columns.items()} == {
        name: int(rows[name].isna().sum()) for name in known.columns
    }
    expected = {"score"} if signature["task"] == "regression" else {"score", "decision"}
    assert set(known.predictions) == expected
    assert {column.rows for column in known.predictions.values()} == {len(pd.read_parquet(split_file("test")))}


def test_its_data_is_the_training_data_of_the_lineage(inside: Path) -> None:
    materials = json.loads(LINEAGE.read_text())["predicate"]["buildDefinition"]["resolvedDependencies"]
    digests = {
        item.get("name"): item["digest"]["sha256"] for item in materials if item.get("name", "").startswith("data")
    }

    assert json.loads(REFERENCE.read_text())["data"]["sha256"] == digests[str(split_file("train"))]


def test_it_is_small_and_says_how_much_each_column_matters(inside: Path) -> None:
    assert REFERENCE.stat().st_size < 100_000
    assert max(column.importance for column in reference.load().columns.values()) > 0


def test_it_is_written_as_it_was_read(inside: Path) -> None:
    content = json.loads(REFERENCE.read_text())

    assert json.loads(json.dumps(reference.load().to_json())) == content


def test_it_is_loaded_without_pandas(inside: Path) -> None:
    code = f"import sys; from {reference.__name__} import load; load(); print('pandas' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)

    assert done.stdout.strip() == "False"


def test_values_of_personal_columns_are_not_in_it(project: Path) -> None:
    names = ("carrier", "plane_seats", "temperature")
    rows = pd.read_parquet(split_file("train"))
    importances = {name: reference.load().columns[name].importance for name in names}
    for name in names:
        make_personal(name)

    reference.reference()

    for name in names:
        told = json.loads(REFERENCE.read_text())["columns"][name]
        missing = int(rows[name].isna().sum())
        kept = (
            {"kind": "category", "values": {}, "rest": len(rows) - missing}
            if name == "carrier"
            else {
                "kind": "number",
                "minimum": None,
                "maximum": None,
                "edges": [],
                "counts": [len(rows) - missing],
                "deciles": [],
                "grid": [],
            }
        )
        assert told == {**kept, "missing": missing, "importance": importances[name]}


@pytest.mark.parametrize(
    "values",
    [[17.5, 17.5, None, 83.25], [date(1961, 5, 17), None, None, date(1983, 2, 1)]],
    ids=["few numbers", "dates of birth"],
)
def test_of_a_personal_number_or_date_only_rows_are_told(values: list[Any]) -> None:
    found = reference.describe(False, pa.array(values), 0.5, is_personal=True)

    assert isinstance(found, Numbers)
    assert (found.minimum, found.maximum, found.edges.size, found.deciles, found.grid) == (None, None, 0, (), ())
    assert (found.rows, found.missing, found.importance) == (4, values.count(None), 0.5)


def test_numbers_lie_in_bins_of_equally_many_rows() -> None:
    values = np.random.default_rng(1).normal(0, 1, 10_000).astype(np.float32)

    found = reference.of_numbers(values)

    starts = [0, *(place + 1 for place in found.deciles)]
    assert np.add.reduceat(found.counts, starts).tolist() == [0, *[1_000] * 10, 0] or all(
        abs(count - 1_000) <= 1 for count in np.add.reduceat(found.counts, starts)[1:-1]
    )
    assert (found.minimum, found.maximum) == (values.min(), values.max())


def test_a_number_with_few_values_has_a_bin_for_each() -> None:
    found = reference.of_numbers(np.array([1, 1, 2, 5, np.nan], dtype=np.float32))

    assert found.has_few_values
    assert (found.edges[1:].tolist(), found.counts[1:-1].tolist(), found.missing) == ([1, 2, 5], [2, 1, 1], 1)


@pytest.mark.parametrize("values", [[], [np.nan] * 3, [4.0] * 3, [0.0] * 500 + list(range(60))])
def test_any_column_of_numbers_can_be_described(values: list[float]) -> None:
    found = reference.of_numbers(np.array(values, dtype=np.float32))

    assert isinstance(found, Numbers)
    assert found.rows == len(values)


def test_the_most_frequent_categories_have_a_bin_and_the_rest_share_one() -> None:
    found = reference.of_categories({str(n): n + 1 for n in range(600)}, 3)

    assert len(found.values) == reference.MOST_CATEGORIES >= drift_measures.MOST_CATEGORIES
    assert (next(iter(found.values)), found.rest) == ("599", sum(range(1, 101)))


@pytest.mark.parametrize("content", ["", "[]", '{"schema": 2}', '{"schema": 1, "model": "a"}'])
def test_what_is_no_reference_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "reference.json"
    path.write_text(content)

    with pytest.raises(ProjectError, match=r"not a reference .* Run `make run`"):
        reference.load(path)


def test_a_missing_reference_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"no such file. Run `make run`"):
        reference.load(tmp_path / "reference.json")
