"""As many rows as asked for, the sample's over and over. Arguments: FILE ROWS.

Runs inside the generated sample after its pipeline.
"""

import sys

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from goldenpath.project.paths import VALID

target, wanted = sys.argv[1], int(sys.argv[2])
sample = pq.read_table(VALID).cast(pq.read_schema(VALID).remove_metadata())
writer = pq.ParquetWriter if target.endswith(".parquet") else pcsv.CSVWriter
with writer(target, sample.schema) as out:
    written = 0
    while written < wanted:
        piece: pa.Table = sample.slice(0, wanted - written)
        out.write(piece)
        written += piece.num_rows
