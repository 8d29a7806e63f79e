"""The project's drift on the rows of ``drift_rows.py FOLDER``; prints the columns that moved as JSON.

Describes the base too, as Evidently does, although `make drift` finds that done by the pipeline.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from flight_delays.monitoring import reference
from flight_delays.monitoring.compare import compare
from flight_delays.monitoring.reference import Reference
from flight_delays.monitoring.tally import count
from flight_delays.params import Drift

BATCH_ROWS = 1 << 17

folder = Path(sys.argv[1])
names = pq.read_schema(folder / "base.parquet").names
words = [name for name in names if name.startswith("category")]
columns = {}
for name in names:
    values = pq.read_table(folder / "base.parquet", columns=[name], read_dictionary=words)[name]
    columns[name] = reference.describe(name in words, values)
known = Reference("", "", pq.read_metadata(folder / "base.parquet").num_rows, columns, {})


def tables() -> Iterator[pa.Table]:
    """The rows of now, some at a time."""
    for batch in pq.ParquetFile(folder / "now.parquet", read_dictionary=words).iter_batches(batch_size=BATCH_ROWS):
        yield pa.Table.from_batches([batch])


found = compare(known, count(known.columns, tables()), Drift())
print(json.dumps([move.column for move in found.columns if move.verdict != "ok"]))
