"""The page's own scripts beside the Python that they repeat, in Node.js."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goldenpath.model.features import as_category, as_number, encode
from goldenpath.project import contract
from goldenpath.project.contract import Contract
from goldenpath.serving.rest.http_errors import Refused
from goldenpath.serving.rest.request import RowReader
from goldenpath.serving.web import build, fields
from tests.serving.web.made_model import asked_rows, refused_rows, write

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")

VALUES = [None, True, False, 0, -0.0, 7, 7.0, 1.5, -1e-5, 1.25e-7, 3e-300, 1e-4, 1234567.25, 1e16, 1e22, 2.0**53, "x"]
MOMENTS = ["2026-01-31", "1969-12-31", "2026-01-31T13:45:00Z", "2026-01-31T13:45", "2026-01-31 23:59:59.123456-05:30"]
ONE_BY_ONE = """
const { asNumber, asCategory } = await import("./encode.js");
const numbers = asked.timestamps.map(asNumber);
console.log(JSON.stringify({ categories: asked.values.map(asCategory), numbers }));
"""
ROWS = """
const { encode } = await import("./encode.js");
const { readRow } = await import("./rules.js");
const inputs = asked.fields.map((field) => ({ name: field.name, is_category: field.category }));
const answer = (row) => {
  try {
    const { numbers, categories } = encode(inputs, readRow(asked.fields, row));
    return { numbers: Array.from(numbers, (value) => (Number.isNaN(value) ? null : value)), categories };
  } catch (error) {
    return { faults: error.faults.map(({ column, rule, message }) => [column, rule, message]) };
  }
};
console.log(JSON.stringify(asked.rows.map(answer)));
"""


def run(folder: Path, script: str, asked: Any) -> Any:
    """Run a script beside the page's own, with ``asked`` given."""
    shutil.copytree(build.HERE / "static", folder, dirs_exist_ok=True)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "run.js").write_text(f"const asked = {json.dumps(asked)};\n{script}")
    done = subprocess.run(["node", "run.js"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def expected(agreed: Contract, row: Any) -> dict[str, Any]:
    try:
        [read] = RowReader(agreed, 1).read(json.dumps(row).encode()).inputs
    except Refused as refusal:
        return {"faults": [[fault["column"], fault["rule"], fault["message"]] for fault in refusal.errors]}
    inputs = encode(agreed.features, {name: [value] for name, value in read.items()})
    numbers = [None if math.isnan(number) else number for number in inputs.numbers[0].tolist()]
    return {"numbers": numbers, "categories": inputs.categories[0].tolist()}


def test_single_values_are_encoded_as_in_python(tmp_path: Path) -> None:
    found = run(tmp_path, ONE_BY_ONE, {"values": VALUES, "timestamps": MOMENTS})

    assert found["categories"] == [as_category(value) for value in VALUES]
    np.testing.assert_allclose(found["numbers"], [as_number(timestamp) for timestamp in MOMENTS], rtol=1e-15)


@pytest.mark.parametrize("rows", [asked_rows, refused_rows])
def test_rows_are_read_and_refused_as_by_the_api(tmp_path: Path, rows: Any) -> None:
    write(tmp_path, "regression")
    agreed = contract.load(tmp_path / "contract.yaml")
    asked = {"fields": fields.described(agreed)["fields"], "rows": rows()}

    found = run(tmp_path / "page", ROWS, asked)

    assert found == [expected(agreed, row) for row in rows()]
    assert all(("faults" in answer) == (rows is refused_rows) for answer in found)
