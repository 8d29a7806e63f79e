"""Tables of any length as a stream of record batches: Parquet or CSV, on this machine or in an object store."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any, Protocol, Self

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from goldenpath.project.errors import ProjectError
from goldenpath.serving.prediction_log import sync_folder
from goldenpath.tables.null_values import MISSING_ANYWHERE, as_text

SEPARATORS = (",", ";", "\t", "|")
_PARQUET = b"PAR1"
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}
_BLOCK = 1 << 23  # bytes of a CSV file that are parsed at once; one row must fit into it
_PAGE = 1 << 20  # bytes of a Parquet column that are read at once
_HEADER = 1 << 16


class BatchError(ProjectError):
    """A batch cannot be read, written, or gone on with."""


@dataclass(frozen=True)
class Place:
    """A file or folder, wherever it is.

    Attributes:
        url: As the person wrote it.
        system: The file system that it lies in.
        path: Its path there.
    """

    url: str
    system: Any
    path: str

    @property
    def is_local(self) -> bool:
        """Whether it lies on this machine's disks."""
        return "file" in (self.system.protocol if isinstance(self.system.protocol, tuple) else (self.system.protocol,))

    def beside(self, ending: str) -> Place:
        """The place with another ending, as in ``scores.parquet`` and ``scores.parquet.parts``."""
        return Place(self.url + ending, self.system, self.path + ending)

    def within(self, name: str) -> Place:
        """A file of this folder."""
        return Place(f"{self.url}/{name}", self.system, f"{self.path}/{name}")

    def exists(self) -> bool:
        """Whether there is something here."""
        self.system.invalidate_cache()
        return bool(self.system.exists(self.path))

    def read(self) -> bytes:
        """The whole content."""
        content: bytes = self.system.cat_file(self.path)
        return content

    def write(self, content: bytes) -> None:
        """Write a file, whole or not at all; on return the disk or the store has confirmed it."""
        if not self.is_local:
            self.system.pipe_file(self.path, content)
            return
        target = Path(self.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
        sync_folder(target.parent)

    def become(self, other: Place) -> None:
        """Move a finished file to another place of the same file system, where it appears whole."""
        if not self.is_local:
            self.system.mv(self.path, other.path)
            return
        with open(self.path, "rb") as file:  # noqa: PTH123  # a path of fsspec
            os.fsync(file.fileno())
        os.replace(self.path, other.path)  # noqa: PTH105
        sync_folder(Path(other.path).parent)

    def remove(self) -> None:
        """Remove the file or folder, if it is there."""
        if self.exists():
            self.system.rm(self.path, recursive=True)


def place(url: str) -> Place:
    """Find the file system of a path or URL, such as ``s3://bucket/rows.parquet``.

    Raises:
        BatchError: Nothing here speaks with such a store.
    """
    if not url:
        raise BatchError("Name the rows and the answers: goldenpath batch rows.parquet answers.parquet")
    try:
        system, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise BatchError(
            f"{url}: nothing here speaks with such a store: {error}. Its client is in requirements/remote-*.txt "
            "(data_remote), or install it into .venv."
        ) from error
    return Place(url, system, path.rstrip("/"))


class Source(Protocol):
    """A table to read.

    Attributes:
        names: Its columns.
        rows: How many rows it has, where that is known before reading.
    """

    names: Sequence[str]
    rows: int | None

    def batches(self, skip: int) -> Iterator[pa.RecordBatch]:
        """Its rows after the first ``skip``, in pieces of any length."""
        ...


@contextmanager
def opened(at: Place, wanted: Collection[str]) -> Iterator[Source]:
    """Open a table; what it is, is decided by its first bytes.

    Args:
        at: The file.
        wanted: Columns by which the separator of a CSV file is known.

    Raises:
        BatchError: It is missing, or neither Parquet nor CSV.
    """
    try:
        with at.system.open(at.path, "rb") as file:
            start = file.read(4)
    except FileNotFoundError as error:
        raise BatchError(f"{at.url}: no such file. Check IN=….") from error
    except (OSError, ValueError) as error:
        raise BatchError(f"{at.url}: cannot be read: {error}") from error
    if not start:
        raise BatchError(f"{at.url}: is empty. Give a file with a header and data.")
    try:
        if start == _PARQUET:
            with at.system.open(at.path, "rb") if not at.is_local else pa.OSFile(at.path) as file:
                yield _Parquet(file)
        else:
            yield _Csv(at, start, wanted)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise BatchError(f"{at.url}: cannot be read: {' '.join(str(error).split())[:300]}") from error


class _Parquet:
    def __init__(self, file: Any) -> None:
        # Without a look ahead, and column by column in pages: row groups may be as large as the file.
        described = pq.read_metadata(file)
        schema = described.schema.to_arrow_schema()
        coded = [field.name for field in schema if field.type in (pa.string(), pa.large_string())]
        self._file = pq.ParquetFile(file, buffer_size=_PAGE, pre_buffer=False, read_dictionary=coded)
        self.names: Sequence[str] = schema.names
        self.rows: int | None = described.num_rows

    def batches(self, skip: int) -> Iterator[pa.RecordBatch]:
        groups = range(self._file.num_row_groups)
        lengths = [self._file.metadata.row_group(group).num_rows for group in groups]
        first = 0
        while first < len(lengths) and skip >= lengths[first]:
            skip -= lengths[first]
            first += 1
        for batch in self._file.iter_batches(row_groups=list(groups)[first:], use_threads=False):
            yield batch.slice(skip)
            skip = max(0, skip - batch.num_rows)


class _Csv:
    """Every column is text: what it means is the contract's to say.

    What is missing is decided here as in training: a bare word such as ``NA`` is no value, a quoted one is a word. Of
    features, blanks around values are dropped too, and what is empty then is missing. Other columns only come along, so
    nothing is missing there but what is empty.
    """

    def __init__(self, at: Place, start: bytes, wanted: Collection[str]) -> None:
        self._at, self._wanted = at, wanted
        self._packing = next((name for magic, name in _COMPRESSED.items() if start.startswith(magic)), None)
        with self._open() as file:
            head = bytes(file.read(_HEADER)).decode("utf-8-sig", errors="ignore")
        self._separator = max(SEPARATORS, key=lambda sign: len(set(_header(head, sign)) & set(wanted)))
        self.names: Sequence[str] = _header(head, self._separator)
        if repeated := [name for name, times in Counter(self.names).items() if times > 1]:
            raise BatchError(f"{at.url}: has several columns named {', '.join(repeated)}. Rename them.")
        self.rows: int | None = None

    def batches(self, skip: int) -> Iterator[pa.RecordBatch]:
        features = [name for name in self.names if name in self._wanted]
        others = [name for name in self.names if name not in self._wanted]
        with ExitStack() as files:
            # Arrow takes the same words for missing in all columns that it reads at once, so each kind has a reader.
            readings = ((features, MISSING_ANYWHERE), (others, [""]))
            readers = [self._reader(files.enter_context(self._open()), *reading) for reading in readings if reading[0]]
            for blocks in zip_longest(*readers):
                batch = self._beside(blocks)
                yield batch.slice(skip)
                skip = max(0, skip - batch.num_rows)

    def _reader(self, file: IO[bytes], names: list[str], missing: list[str]) -> Any:
        """Some columns, a block of the file at a time."""
        return pcsv.open_csv(
            file,
            read_options=pcsv.ReadOptions(block_size=_BLOCK, use_threads=False),
            parse_options=pcsv.ParseOptions(delimiter=self._separator, newlines_in_values=True),
            convert_options=as_text(names, missing),
        )

    def _beside(self, blocks: Sequence[pa.RecordBatch | None]) -> pa.RecordBatch:
        """All columns of a block, in the file's order."""
        if len({None if block is None else block.num_rows for block in blocks}) > 1:
            raise BatchError(f"{self._at.url}: its columns are of different lengths. Leave it alone while it is read.")
        read = {name: block.column(name) for block in blocks if block is not None for name in block.schema.names}
        columns = [trimmed(read[name]) if name in self._wanted else read[name] for name in self.names]
        return pa.RecordBatch.from_arrays(columns, names=list(self.names))

    @contextmanager
    def _open(self) -> Iterator[IO[bytes]]:
        with self._at.system.open(self._at.path, "rb") as file:
            if self._packing is None:
                yield file
            else:
                with pa.CompressedInputStream(file, self._packing) as stream:
                    yield stream


def trimmed(words: pa.Array) -> pa.Array:
    """Text without blanks around it; what is empty then is missing."""
    bare = pc.utf8_trim_whitespace(words)
    return pc.if_else(pc.equal(bare, ""), pa.scalar(None, pa.string()), bare)


def _header(text: str, separator: str) -> list[str]:
    return next((row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row), [])


def in_chunks(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in pieces of ``rows`` each, only the last one shorter."""
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        while batch.num_rows:
            piece = batch.slice(0, rows - held)
            waiting.append(piece)
            held += piece.num_rows
            batch = batch.slice(piece.num_rows)
            if held == rows:
                yield _joined(waiting)
                waiting, held = [], 0
    if held:
        yield _joined(waiting)


def _joined(pieces: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(pieces) == 1:
        return pieces[0]
    return pa.Table.from_batches(pieces).unify_dictionaries().combine_chunks().to_batches()[0]


class Sink(Protocol):
    """A table to write."""

    def write(self, table: pa.Table) -> None:
        """Add rows."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


def ending_of(at: Place) -> str:
    """The format of a table to write, by its name: ``.parquet`` or ``.csv``.

    Raises:
        BatchError: Its name says neither.
    """
    for ending in (".parquet", ".csv"):
        if at.path.endswith(ending):
            return ending
    raise BatchError(f"{at.url}: want a name that ends in .parquet or .csv. Change OUT=….")


@contextmanager
def sink(at: Place, ending: str, schema: pa.Schema) -> Iterator[Sink]:
    """Write a table from its start; it is not there before the end."""
    with at.system.open(at.path, "wb") as file:
        plain = pa.schema([field.with_type(_undictionaried(field.type)) for field in schema])
        with pq.ParquetWriter(file, schema) if ending == ".parquet" else _CsvSink(file, plain) as writer:
            yield writer


class _CsvSink:
    def __init__(self, file: Any, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pcsv.CSVWriter(file, schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, table: pa.Table) -> None:
        self._writer.write(table.cast(self._schema))

    def close(self) -> None:
        self._writer.close()


def _undictionaried(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
