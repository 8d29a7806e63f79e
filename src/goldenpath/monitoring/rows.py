"""The rows that drift is measured on: the prediction log, or a file of a batch, a few megabytes at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from goldenpath.monitoring import log
from goldenpath.monitoring.log import INPUT, Format, Seen
from goldenpath.pipeline.reference import DECISION, SCORE, Reference
from goldenpath.project.contract import PERSONAL, Contract, LogicalType
from goldenpath.project.errors import ProjectError
from goldenpath.serving.batch.arrow_rows import in_type
from goldenpath.serving.batch.files import trimmed
from goldenpath.serving.routing import SHADOW
from goldenpath.tables import table_io
from goldenpath.tables.null_values import as_text

BATCH_ROWS = 1 << 17
BLOCK_BYTES = 1 << 24
BUFFER_BYTES = 1 << 20
"""Of each column of a Parquet file at a time, however large its row groups are."""


@dataclass
class Read(Seen):
    """What was read of a log.

    Attributes:
        foreign: Predictions of other models than the reference's, whose scores and decisions were left out.
    """

    foreign: int = 0


def watched(known: Reference, agreed: Contract) -> Reference:
    """The reference less its personal inputs: of those it holds no values, and the log holds hashes at best."""
    personal = {column.name for column in agreed if column.classification in PERSONAL}
    return replace(known, columns={name: column for name, column in known.columns.items() if name not in personal})


def of_log(
    folder: Path, agreed: Format, known: Reference, since: datetime | None, until: datetime | None, seen: Read
) -> Iterator[pa.Table]:
    """Inputs and predictions in a prediction log, under the names of the reference.

    Inputs are the world's, whichever model was asked. Scores and decisions are a model's own: those of another, such as
    the one before a promotion, say nothing beside this reference.

    Args:
        folder: The log.
        agreed: Its format.
        known: Which columns are wanted.
        since: The earliest time, inclusive.
        until: The latest time, exclusive.
        seen: Where to count what was read.
    """
    names = {INPUT + name: name for name in watched(known, agreed.agreed).columns}
    names = {logged: name for logged, name in names.items() if logged in agreed.schema.names}
    predictions = list(known.predictions)
    for table in log.batches(folder, agreed, since, until, [*names, *predictions, "variant", "model"], seen):
        # A shadow predicts for rows that another variant predicted for: they would count twice.
        served = table.filter(pc.fill_null(pc.not_equal(table["variant"], SHADOW), fill_value=True))
        yield served.select(list(names)).rename_columns(list(names.values()))
        own = served.filter(pc.equal(served["model"], known.model))
        seen.foreign += served.num_rows - own.num_rows
        if own.num_rows:
            yield own.select(predictions)


def of_file(
    path: Path, agreed: Contract, known: Reference, since: datetime | None, until: datetime | None
) -> Iterator[pa.Table]:
    """Columns of the reference in a Parquet or CSV file, whether it uses the contract's names or the source's.

    Personal inputs are left out, as they are of a log: no report may hold their values.

    Args:
        path: The file.
        agreed: Names the columns, their types, and the time that ``since`` and ``until`` are about.
        known: Which columns are wanted; score and decision are taken where the file has them.
        since: The earliest time, inclusive.
        until: The latest time, exclusive.

    Raises:
        TableError: It cannot be read.
        ProjectError: It holds none of the columns, or no time to choose by.
    """
    known = watched(known, agreed)
    held = table_io.column_names(path) if _is_parquet(path) else table_io.column_names(path, *_format(path))
    called = {column.name: column.physical_name for column in agreed}
    names = {name: next((n for n in (name, called.get(name)) if n in held), None) for name in _wanted(known)}
    taken = {there: name for name, there in names.items() if there is not None}
    if not set(taken.values()) & set(known.columns):
        raise ProjectError(f"{path}: holds no input of the model, which takes {', '.join(known.columns)}.")
    timestamp = None
    if since is not None or until is not None:
        time = agreed.time
        timestamp = next((n for n in (time.name, time.physical_name) if n in held), None) if time else None
        if timestamp is None:
            raise ProjectError(
                f"{path}: has no column with the contract's role time to choose by. Leave SINCE and UNTIL out."
            )
    tables = _parquet(path, taken, timestamp, known) if _is_parquet(path) else _csv(path, taken, timestamp, agreed)
    for table in tables:
        kept = table if timestamp is None else _within(table, timestamp, since, until)
        yield kept.select(list(taken)).rename_columns(list(taken.values()))


def _wanted(known: Reference) -> list[str]:
    return [*known.columns, *known.predictions]


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError as error:
        raise ProjectError(
            f"{path}: cannot be read: {error.strerror}. Name a Parquet or CSV file: --data FILE."
        ) from error


def _parquet(path: Path, taken: dict[str, str], timestamp: str | None, known: Reference) -> Iterator[pa.Table]:
    try:
        schema = pq.read_schema(path)
        columns = {**known.columns, **known.predictions}
        # Text is counted by its codes where Parquet holds it as codes.
        coded = [there for there, name in taken.items() if columns[name].edges is None and _is_text(schema, there)]
        # Read ahead, as by default, the whole file would lie in memory at the end.
        file = pq.ParquetFile(path, read_dictionary=coded, pre_buffer=False, buffer_size=BUFFER_BYTES)
        wanted = [*taken, *([timestamp] if timestamp and timestamp not in taken else [])]
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=wanted):
            yield pa.Table.from_batches([batch])
    except (pa.ArrowException, OSError) as error:
        raise ProjectError(f"{path}: cannot be read as Parquet: {' '.join(str(error).split())[:300]}.") from error


def _is_text(schema: Any, name: str) -> bool:
    return bool(pa.types.is_string(schema.field(name).type) or pa.types.is_large_string(schema.field(name).type))


def _csv(path: Path, taken: Collection[str], timestamp: str | None, agreed: Contract) -> Iterator[pa.Table]:
    separator, encoding = _format(path)
    types: dict[str, LogicalType] = {DECISION: "string", SCORE: "number"}
    types |= {column.physical_name: column.type for column in agreed} | {column.name: column.type for column in agreed}
    wanted = list(dict.fromkeys([*taken, *([timestamp] if timestamp else [])]))
    try:
        # All of it as text: which words mean "no value" depends on the column, and Arrow knows one list for all.
        with pcsv.open_csv(
            path,
            read_options=pcsv.ReadOptions(block_size=BLOCK_BYTES, encoding=encoding),
            parse_options=pcsv.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=as_text(wanted),
        ) as reader:
            for batch in reader:
                yield pa.table({name: _typed(path, name, types[name], batch.column(name)) for name in wanted})
    except (pa.ArrowException, OSError) as error:
        words = " ".join(str(error).split())[:300]
        raise ProjectError(f"{path}: cannot be read as CSV: {words}. Fix the file.") from error


def _typed(path: Path, name: str, asked: LogicalType, words: pa.Array) -> pa.Array:
    bare = trimmed(words)
    values, is_mistyped = in_type(asked, bare)
    if is_mistyped.any():
        word = bare.filter(pa.array(is_mistyped))[0].as_py()
        raise ProjectError(
            f"{path}: does not hold what contract.yaml says: {name} holds {word!r}, which is no {asked}. Fix the file."
        )
    return values


def _format(path: Path) -> tuple[str, str]:
    found = table_io.sniff(path)
    return found.separator, found.encoding


def _within(table: pa.Table, timestamp: str, since: datetime | None, until: datetime | None) -> pa.Table:
    times = table[timestamp].cast(pa.timestamp("us", "UTC"))
    for limit, keeps in ((since, pc.greater_equal), (until, pc.less)):
        if limit is not None:
            kept = keeps(times, pa.scalar(limit, pa.timestamp("us", "UTC")))
            table, times = table.filter(kept), times.filter(kept)
    return table
