"""The prediction log: every prediction that the service made, as it wrote them.

The service writes segments of JSON lines, ``<utc time>-<host>-<pid>-<n>.jsonl``, and never touches one again after it
has begun the next. :mod:`~goldenpath.monitoring.compaction` turns such closed segments into
``parquet/day=YYYY-MM-DD/<segment>.parquet`` and removes them afterwards. Whatever is read in between is read once: as
long as a segment is there, its Parquet files do not count. Batches write Parquet there directly, as
``batch-<run>-<chunk>.parquet``. Events are processed at least once, so a prediction may have been written twice, under
one id; it is read once too.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
import pyarrow.parquet as pq
from numpy.typing import NDArray

from goldenpath.model import signature
from goldenpath.model.signature import Signature
from goldenpath.project import contract
from goldenpath.project.contract import PERSONAL, Contract
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import SIGNATURE

INPUT = "inputs."
"""What the names of the model's inputs begin with, in the tables that are read."""
PARQUET = "parquet"
UNFINISHED = ".unfinished-"
"""What the names of files begin with that are not whole; a batch, which may run meanwhile, calls its own otherwise."""
HIDDEN = "."
BLOCK_BYTES = 1 << 24
REPEATED = ("events",)
"""Modes in which one prediction may be written twice."""
TYPES = {"string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
TIMESTAMP = pa.timestamp("us", "UTC")

_DAY = re.compile(r"day=(\d{4}-\d{2}-\d{2})")


@dataclass
class Seen:
    """What was read besides the records.

    Attributes:
        torn: Lines that are no record, such as the last one of a process that was killed while it wrote.
        rows: Records that were read, of whatever time.
        doubled: Records of predictions that had been read already, and were left out.
    """

    torn: int = 0
    rows: int = 0
    doubled: int = 0


@dataclass(frozen=True)
class Format:
    """The types of the log's columns, which follow from the contract and from what the model predicts.

    Attributes:
        agreed: The contract.
        described: The model's signature.
        schema: Of the tables that are read: a record's keys, its inputs as ``inputs.<name>``.
    """

    agreed: Contract
    described: Signature
    schema: pa.Schema = field(init=False)

    def __post_init__(self) -> None:
        """Work the schema out once; personal columns are logged hashed, or not at all."""
        inputs = [(INPUT + item.name, self._type(item.name)) for item in self.described.inputs]
        entity = self.agreed.entity
        decision = "number" if self.described.task == "regression" else self.agreed.target.type
        keys = [
            *((name, pa.string()) for name in ("id", "request")),
            ("time", TIMESTAMP),
            *((name, pa.string()) for name in ("mode", "variant", "model")),
            ("decision", TYPES.get(decision, pa.string())),
            *((name, pa.float64()) for name in ("score", "latency_ms")),
            ("entity", pa.string() if entity is None else self._type(entity.name)),
        ]
        object.__setattr__(self, "schema", pa.schema([*keys, *inputs]))

    @property
    def written(self) -> pa.Schema:
        """Of the lines as the service writes them: the inputs are an object of their own."""
        inputs = pa.struct([(item.name.removeprefix(INPUT), item.type) for item in self.schema if _is_input(item.name)])
        keys = [(item.name, item.type) for item in self.schema if not _is_input(item.name)]
        return pa.schema([*keys, ("inputs", inputs)])

    def _type(self, name: str) -> Any:
        column = self.agreed[name]
        # Timestamps stand in JSON as text; a hash is text, whatever was hashed.
        return pa.string() if column.classification in PERSONAL else TYPES.get(column.type, pa.string())


def of_project(root: Path = Path()) -> Format:
    """The format under the project's contract and model.

    Raises:
        ProjectError: One of them is missing or cannot be used.
    """
    return Format(contract.load(root / contract.PATH), signature.load(root / SIGNATURE))


def read(
    folder: Path, since: datetime | None = None, until: datetime | None = None, agreed: Format | None = None
) -> pd.DataFrame:
    """All records of a time as one table.

    Args:
        folder: The log.
        since: The earliest time, inclusive; None from the beginning.
        until: The latest time, exclusive; None to the end.
        agreed: The format; None for that of the project in the working folder.

    Returns:
        The keys of a record, inputs as ``inputs.<name>`` in the contract's types, in no certain order.

    Raises:
        ProjectError: There is no such folder.
    """
    agreed = agreed or of_project()
    return as_frame(pa.concat_tables([agreed.schema.empty_table(), *batches(folder, agreed, since, until)]), agreed)


def as_frame(table: pa.Table, agreed: Format) -> pd.DataFrame:
    """Records as a pandas table, their inputs in the contract's types."""
    kept = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype(), pa.string(): pd.StringDtype()}
    frame: pd.DataFrame = table.to_pandas(types_mapper=kept.get)
    for column in agreed.agreed:
        name = INPUT + column.name
        if name in frame and column.type in contract.MOMENTS and column.classification not in PERSONAL:
            frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601", errors="coerce")
    return frame


def batches(
    folder: Path,
    agreed: Format,
    since: datetime | None = None,
    until: datetime | None = None,
    columns: list[str] | None = None,
    seen: Seen | None = None,
) -> Iterator[pa.Table]:
    """The records of a time, each prediction once, in tables that fit into memory.

    Args:
        folder: The log.
        agreed: The format.
        since: The earliest time, inclusive.
        until: The latest time, exclusive.
        columns: Columns to read; None for all.
        seen: Where to count what was read.

    Raises:
        ProjectError: There is no such folder.
    """
    seen = Seen() if seen is None else seen
    wanted = agreed.schema.names if columns is None else list(dict.fromkeys(["time", *columns]))
    predictions = _Predictions()
    for table in _tables(folder, agreed, since, until, list(dict.fromkeys([*wanted, "id", "mode"])), seen):
        seen.rows += table.num_rows
        within = _within(table, since, until)
        fresh = predictions.not_read_yet(within)
        seen.doubled += within.num_rows - fresh.num_rows
        if fresh.num_rows:
            yield fresh.select(wanted)


class _Predictions:
    """Which predictions were read, of those that may be there twice: eight bytes for each, as a hash of its id."""

    def __init__(self) -> None:
        self._known: NDArray[np.uint64] = np.empty(0, np.uint64)

    def not_read_yet(self, table: pa.Table) -> pa.Table:
        """The records whose prediction was in no table before, nor earlier in this one."""
        may_be_twice = pc.is_in(table["mode"], value_set=pa.array(REPEATED)).to_numpy()
        if not may_be_twice.any():
            return table
        ids = table["id"].filter(pa.array(may_be_twice)).to_numpy()
        hashes = pd.util.hash_array(ids.astype(object), categorize=False)
        found, first = np.unique(hashes, return_index=True)
        places = np.searchsorted(self._known, found)
        is_new = np.append(self._known, np.uint64(0))[places] != found
        is_new |= places == len(self._known)
        self._known = np.insert(self._known, places[is_new], found[is_new])
        is_kept = ~may_be_twice
        is_kept[np.flatnonzero(may_be_twice)[first[is_new]]] = True
        return table.filter(pa.array(is_kept))


def _tables(
    folder: Path, agreed: Format, since: datetime | None, until: datetime | None, wanted: list[str], seen: Seen
) -> Iterator[pa.Table]:
    # Segments are listed first: one that becomes Parquet meanwhile is then missing here and is found there.
    found = list_segments(folder)
    gone = set()
    for segment in found:
        try:
            for table in read_segment(segment, agreed, seen):
                yield table.select(wanted)
        except FileNotFoundError:
            gone.add(segment.stem)
    present = {segment.stem for segment in found} - gone
    for path in sorted((folder / PARQUET).glob("day=*/*.parquet")):
        if path.name.startswith(HIDDEN) or path.stem in present or not _may_hold(path, since, until):
            continue
        yield from _of_parquet(path, agreed, wanted)


def _of_parquet(path: Path, agreed: Format, wanted: list[str]) -> Iterator[pa.Table]:
    try:
        file = pq.ParquetFile(path)
        held = [name for name in wanted if name in file.schema_arrow.names]
        for batch in file.iter_batches(columns=held):
            yield _conformed(pa.Table.from_batches([batch]), agreed, wanted, path)
    except FileNotFoundError:
        return  # of a batch that is gone on with: it replaces what it had not acknowledged
    except (pa.ArrowException, OSError) as error:
        raise ProjectError(
            f"{path}: cannot be read as Parquet: {_words(error)}. Fetch it again from where it was written, or move it "
            "out of the log."
        ) from error


def list_segments(folder: Path) -> list[Path]:
    """The segments of a log, in the order of their names.

    Raises:
        ProjectError: There is no such folder.
    """
    if not folder.is_dir():
        raise ProjectError(f"{folder}: no such folder. Name the prediction log: --log FOLDER, or PREDICTION_LOG.")
    return sorted(folder.glob("*.jsonl"))


def read_segment(segment: Path, agreed: Format, seen: Seen) -> Iterator[pa.Table]:
    """The records of a segment, a few megabytes at a time."""
    rest = b""
    with segment.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            whole, newline, rest = (rest + block).rpartition(b"\n")
            if newline:
                yield _parsed(whole + newline, agreed, seen)
    if rest.strip():
        yield _parsed(rest, agreed, seen)


def _parsed(text: bytes, agreed: Format, seen: Seen) -> pa.Table:
    options = pj.ParseOptions(explicit_schema=agreed.written, unexpected_field_behavior="ignore")
    try:
        table = pj.read_json(io.BytesIO(text), parse_options=options, read_options=_WHOLE)
    except pa.ArrowInvalid:
        table = _one_by_one(text, agreed, seen)
    flat = {name: table[name] for name in table.column_names if name != "inputs"}
    inputs = table["inputs"].combine_chunks()
    inputs = inputs if isinstance(inputs, pa.StructArray) else pa.concat_arrays(inputs.chunks)
    for name, values in zip((item.name for item in inputs.type), inputs.flatten(), strict=True):
        flat[INPUT + name] = values
    whole = pa.table(flat).select(agreed.schema.names)
    known = whole.filter(pc.and_(whole["id"].is_valid(), whole["time"].is_valid()))
    seen.torn += whole.num_rows - known.num_rows
    return known


_WHOLE = pj.ReadOptions(block_size=4 * BLOCK_BYTES)


def _one_by_one(text: bytes, agreed: Format, seen: Seen) -> pa.Table:
    """The lines that are records; slower by far, and needed only where one of them is not."""
    schema = agreed.written
    kept: list[dict[str, Any]] = []
    for line in filter(bytes.strip, text.split(b"\n")):
        try:
            record = json.loads(line)
            record["time"] = datetime.fromisoformat(record["time"])
            record["inputs"] = {
                item.name: _fitting(record["inputs"].get(item.name), item.type) for item in schema.field("inputs").type
            }
            keys = (item for item in schema if item.name not in ("time", "inputs"))
            kept.append(record | {item.name: _fitting(record.get(item.name), item.type) for item in keys})
        except (ValueError, TypeError, KeyError, AttributeError):
            seen.torn += 1
    return pa.Table.from_pylist(kept, schema=schema)


def _fitting(value: Any, kind: Any) -> Any:
    """A value in the column's type; text where the column is text, because a hash may stand for any type."""
    if value is None:
        return None
    if pa.types.is_string(kind):
        return value if isinstance(value, str) else json.dumps(value)
    return pa.scalar(value, kind).as_py()


def _conformed(table: pa.Table, agreed: Format, wanted: list[str], path: Path) -> pa.Table:
    """A table of an older model or contract, in today's columns."""
    missing = pa.nulls(table.num_rows)
    columns = {}
    for name in wanted:
        column, kind = table[name] if name in table.column_names else missing, agreed.schema.field(name).type
        try:
            columns[name] = column.cast(kind, safe=False)
        except pa.ArrowException as error:
            raise ProjectError(
                f"{path}: the column {name} does not hold what contract.yaml says, {kind}: {_words(error)}. "
                "Where it was written under another contract, move the file out of the log."
            ) from error
    return pa.table(columns)


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:300].rstrip(".")


def _within(table: pa.Table, since: datetime | None, until: datetime | None) -> pa.Table:
    if since is not None:
        table = table.filter(pc.greater_equal(table["time"], pa.scalar(since, TIMESTAMP)))
    if until is not None:
        table = table.filter(pc.less(table["time"], pa.scalar(until, TIMESTAMP)))
    return table


def _may_hold(path: Path, since: datetime | None, until: datetime | None) -> bool:
    match = _DAY.fullmatch(path.parent.name)
    if match is None:
        return False
    start = datetime.combine(date.fromisoformat(match[1]), datetime.min.time(), UTC)
    return (until is None or start < until) and (since is None or start + timedelta(days=1) > since)


def _is_input(name: str) -> bool:
    return name.startswith(INPUT)


def timestamp(text: str) -> datetime | None:
    """A time that a person typed; None for none.

    Args:
        text: An ISO date or time; without a zone it is UTC.

    Raises:
        ProjectError: It is no time.
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ProjectError(f"{text}: no time. Give one such as 2026-01-31 or 2026-01-31T13:45:00Z.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
