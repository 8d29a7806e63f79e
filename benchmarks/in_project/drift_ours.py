"""The project's drift on the rows of ``drift_rows.py FOLDER``; prints the columns that moved as JSON.

``drift_ours.py FOLDER CONTRACT`` reads the rows of now as `make drift DATA=file` does, by a contract that calls none of
them personal. It describes the base too, as Evidently does, although `make drift` finds that done by the pipeline.
"""

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq

from goldenpath.monitoring import rows
from goldenpath.monitoring.bin_counts import count
from goldenpath.monitoring.compare import compare
from goldenpath.pipeline import reference
from goldenpath.pipeline.reference import Reference
from goldenpath.project import contract
from goldenpath.project.params import Drift

folder, agreed = Path(sys.argv[1]), contract.load(Path(sys.argv[2]))
names = pq.read_schema(folder / "base.parquet").names
words = [name for name in names if name.startswith("category")]
columns = {}
for name in names:
    values = pq.read_table(folder / "base.parquet", columns=[name], read_dictionary=words)[name]
    columns[name] = reference.describe(name in words, values)
known = Reference("", "", pq.read_metadata(folder / "base.parquet").num_rows, columns, {})
tables = rows.of_file(folder / "now.parquet", agreed, known, None, None)
found = compare(known, count(known.columns, tables), Drift())
print(json.dumps([move.column for move in found.columns if move.verdict != "ok"]))
