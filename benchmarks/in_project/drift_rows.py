"""Rows with known shifts, for ``benchmarks/drift.py``: a base and a table of now, ten numbers and ten categories each.

``drift_rows.py FOLDER BASE NOW`` writes so many rows into ``base.parquet`` and ``now.parquet``, a row group at a time,
and what was shifted by how much.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# Standard deviations by which the numbers move; none lies where both tools may fairly disagree.
NUMBERS = [0.0, 0.0, 0.0, 0.01, 0.02, 0.03, 0.0, 0.5, 1.0, 2.0]
# Share of the rows whose category is replaced by the most frequent one.
CATEGORIES = [0.0, 0.0, 0.0, 0.005, 0.01, 0.02, 0.0, 0.3, 0.5, 0.7]
KINDS = (5, 12, 20)  # categories of a column
GROUP_ROWS = 1_000_000

folder = Path(sys.argv[1])
generator = np.random.default_rng(20130101)


def table(is_now: bool, rows: int) -> pa.Table:
    """Rows of the base, or of now."""
    columns: dict[str, object] = {}
    for place, shift in enumerate(NUMBERS):
        values = generator.gamma(3, 2, rows) if place % 3 == 0 else generator.normal(50, 10, rows)
        columns[f"number_{place}"] = values + (shift * values.std() if is_now else 0)
    for place, share in enumerate(CATEGORIES):
        kinds = KINDS[place % 3]
        weights = 1 / np.arange(1, kinds + 1)
        codes = generator.choice(kinds, rows, p=weights / weights.sum())
        if is_now:
            codes[generator.random(rows) < share] = 0
        columns[f"category_{place}"] = np.array([f"kind {kind}" for kind in range(kinds)])[codes]
    return pa.table(columns)


for name, rows in zip(("base", "now"), map(int, sys.argv[2:]), strict=True):
    groups = (table(name == "now", min(GROUP_ROWS, rows - start)) for start in range(0, rows, GROUP_ROWS))
    first = next(groups)
    with pq.ParquetWriter(folder / f"{name}.parquet", first.schema) as file:
        file.write_table(first)
        for group in groups:
            file.write_table(group)
shifts = {f"number_{place}": f"{shift:g} standard deviations" for place, shift in enumerate(NUMBERS)}
shifts |= {f"category_{place}": f"{share:.1%} of the rows replaced" for place, share in enumerate(CATEGORIES)}
(folder / "shifts.json").write_text(json.dumps(shifts), encoding="utf-8")
