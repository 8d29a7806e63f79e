"""Read a table from a CSV or Parquet file, however it is separated, encoded or compressed.

What a file is, is decided by its first bytes, never by its name.
"""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from goldenpath.project.errors import ProjectError
from goldenpath.tables.null_values import as_text
from goldenpath.tables.type_inference import Decimal, to_time, typed

_SEPARATORS = (",", ";", "\t", "|", " ")
_SAMPLE_BYTES = 1 << 18
_SAMPLE_LINES = 200
_CHUNK = 1 << 20
_BLOCK = 1 << 24  # one row must fit into a block
_COMMA_DECIMAL = re.compile(r"^[+-]?(0,\d+|\d+,(\d{1,2}|\d{4,})|\d{4,},\d+|,\d+|\d{1,3}(\.\d{3})+,\d+)$")
# "1.234" may be a thousand, so it speaks for neither mark.
_POINT_DECIMAL = re.compile(r"^[+-]?(?![1-9]\d{0,2}\.\d{3}$)(\d*|\d{1,3}(,\d{3})+)\.\d+$")
_MAGIC = {b"\x1f\x8b": "gz", b"BZh": "bz2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zst", b"PK\x03\x04": "zip"}
_PARQUET = b"PAR1"
_OTHER_TEXT = {"JSON": r"\s*(\[\s*)?[\[{]\s*[\[{\"\]}]", "a web page": r"\s*<(!doctype|html|\?xml)"}
_CONTROL = bytes([*range(9), 11, *range(14, 32), 127])
_WINDOWS = bytes(range(0x80, 0xA0))
_UNREADABLE = (OSError, EOFError, UnicodeError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, NotImplementedError)


class TableError(ProjectError):
    """A file cannot be read as a table. The message says what is wrong, where, and how to fix it."""


@dataclass(frozen=True)
class TableFormat:
    """How a file holds a table; nothing of it matters for Parquet.

    Attributes:
        separator: The character between fields.
        encoding: The character encoding, a Python codec's name.
        decimal: The decimal mark.
    """

    separator: str = ","
    encoding: str = "utf-8"
    decimal: Decimal = "."


def read_table(
    path: Path,
    separator: str = ",",
    encoding: str = "utf-8",
    decimal: Decimal = ".",
    timestamps: Collection[str] = (),
) -> pd.DataFrame:
    """Read a whole table; column types are what all values of a column agree on.

    Text keeps leading zeros, and long digit strings stay text, so codes survive. Blanks around names and values are
    dropped. Infinite numbers count as missing. Times with a zone become UTC without one. A column without a name is
    called ``unnamed_<position>``.

    Args:
        path: A CSV file, plain or in gzip, bzip2, xz, zstd or zip (one file), or a Parquet file.
        separator: The character between fields of a CSV file.
        encoding: The character encoding of a CSV file.
        decimal: The decimal mark of a CSV file.
        timestamps: Columns to read as timestamps whatever they look like, such as years; other values become missing.

    Raises:
        TableError: The file is missing, empty, no table, has rows of different lengths or two columns of one name.
    """
    table = _parquet(path) if _is_parquet(path) else _csv(path, separator, encoding)
    if table.num_rows == 0:
        raise TableError(f"{path}: has a header but no rows. Give a file with data below its first line.")
    names = _unique_names(path, table.column_names)
    columns = {name: _to_pandas(column, decimal) for name, column in zip(names, table.columns, strict=True)}
    columns |= {name: to_time(columns[name]) for name in timestamps if name in columns}
    return pd.DataFrame(columns)


def column_names(path: Path, separator: str = ",", encoding: str = "utf-8") -> list[str]:
    """The names that :func:`read_table` would give the columns, read from the top of the file only.

    Raises:
        TableError: The file is missing, empty, no table, or has two columns of one name.
    """
    if _is_parquet(path):
        try:
            return _unique_names(path, pq.read_schema(path).names)
        except (pa.ArrowException, OSError) as error:
            raise TableError(_broken(path, "Parquet", error)) from error
    return _unique_names(path, _header(path, separator, encoding)[0])


def sniff(path: Path) -> TableFormat:
    """Find out how a CSV file is separated and encoded, and which decimal mark it uses.

    The encoding is decided by the whole file, the rest by its first lines.

    Raises:
        TableError: The file is missing, empty, or not text.
    """
    if _is_parquet(path):
        return TableFormat()
    encoding = _encoding(path)
    text = _head(path, encoding)
    if not text.strip():
        raise TableError(f"{path}: is empty. Give a file with a header and data.")
    other = next((what for what, start in _OTHER_TEXT.items() if re.match(start, text, re.IGNORECASE)), None)
    if other:
        raise TableError(f"{path}: is {other}, not a table. Give a CSV or Parquet file.")
    hint = re.match(r"sep=(.)\r?\n", text)
    lines = _without_hint(text)
    separator = hint[1] if hint else max(_SEPARATORS, key=lambda sign: _consistency(lines, sign))
    return TableFormat(separator, encoding, _decimal(lines, separator))


def _is_parquet(path: Path) -> bool:
    if path.is_dir():
        raise TableError(f"{path}: is a folder. Name one file.")
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except FileNotFoundError as error:
        raise TableError(f"{path}: no such file. Check the path; it counts from the folder you are in.") from error
    except OSError as error:
        raise TableError(f"{path}: cannot be read: {error.strerror}.") from error
    if not start:
        raise TableError(f"{path}: is empty. Give a file with a header and data.")
    return start == _PARQUET


def _parquet(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise TableError(_broken(path, "Parquet", error)) from error


def _csv(path: Path, separator: str, encoding: str) -> pa.Table:
    names, header_lines = _header(path, separator, encoding)
    # Read by position, so that two columns of one name reach the check instead of confusing the reader.
    positions = [str(position) for position in range(len(names))]
    try:
        with _opened(path) as file:
            table = pcsv.read_csv(
                file,
                read_options=pcsv.ReadOptions(
                    encoding=_plain(encoding), block_size=_BLOCK, skip_rows=header_lines, column_names=positions
                ),
                parse_options=pcsv.ParseOptions(delimiter=separator, newlines_in_values=True),
                convert_options=as_text(positions),
            )
    except pa.ArrowInvalid as error:
        if any(words in str(error) for words in ("Empty CSV file", "Could not skip initial")):
            return pa.table({name: pa.array([], pa.string()) for name in positions}).rename_columns(names)
        raise TableError(_broken(path, "CSV", error)) from error
    except (pa.ArrowException, *_UNREADABLE) as error:
        raise TableError(_broken(path, "CSV", error)) from error
    return table.rename_columns(names)


def _header(path: Path, separator: str, encoding: str) -> tuple[list[str], int]:
    """The names in the header, and how many lines of the file stand above the data."""
    text = _head(path, encoding)
    reader = csv.reader(io.StringIO(_without_hint(text), newline=""), delimiter=separator)
    try:
        names = next((row for row in reader if row), [])
        lines = reader.line_num + (text != _without_hint(text))
        first = [row for row in (next(reader, []) for _ in range(20)) if row]
    except csv.Error as error:
        raise TableError(_broken(path, "CSV", error)) from error
    if not names:
        raise TableError(f"{path}: is empty. Give a file with a header and data.")
    if first and all(len(row) == len(names) + 1 for row in first):
        # R leaves the column of row names without a header; others end every row with a separator.
        names = [*names, ""] if not any(row[-1] for row in first) else ["", *names]
    return names, lines


def _unique_names(path: Path, raw: list[str]) -> list[str]:
    names = [name.strip() or f"unnamed_{position}" for position, name in enumerate(raw, 1)]
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise TableError(
            f"{path}: the header holds {', '.join(map(repr, repeated))} more than once. "
            "Rename or remove the columns that repeat a name."
        )
    return names


def _to_pandas(column: pa.ChunkedArray, decimal: Decimal) -> pd.Series:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        column = typed(column.cast(pa.string()), decimal)
    elif pa.types.is_timestamp(kind):
        # Casting drops the zone and keeps the timestamp as UTC.
        column = column.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.timestamp("us"), safe=False)
    elif pa.types.is_date(kind):
        column = column.cast(pa.timestamp("us"))
    elif pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        column = column.cast(pa.float64())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        # Lists, structs, bytes and the like are no feature; as text they can be looked at and excluded.
        column = pa.chunked_array(
            [[None if value is None else str(value) for value in column.to_pylist()]], pa.string()
        )
    if pa.types.is_integer(column.type) and column.null_count:
        column = column.cast(pa.int64())
    # Whole numbers and truths beside missing values would otherwise become fractions and objects.
    kept = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()} if column.null_count else {}
    return pd.Series(column.to_pandas(types_mapper=kept.get))


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of the file, decompressed."""
    with path.open("rb") as file:
        start = file.read(6)
    kind = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None)
    if kind == "gz":
        with gzip.open(path) as stream:
            yield stream  # type: ignore[misc]
    elif kind == "bz2":
        with bz2.open(path) as stream:
            yield stream
    elif kind == "xz":
        with lzma.open(path) as stream:
            yield stream
    elif kind == "zst":
        with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as stream:
            yield stream
    elif kind == "zip":
        with zipfile.ZipFile(path) as archive, archive.open(_only_member(path, archive)) as stream:
            yield stream
    else:
        with path.open("rb") as stream:
            yield stream


def _only_member(path: Path, archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if any(name.startswith(("xl/", "word/", "ppt/")) for name in names):
        raise TableError(f"{path}: is an Office file. Save the sheet as CSV and give that.")
    if len(names) != 1:
        raise TableError(f"{path}: the archive holds {len(names)} files, want one. Unpack it and name the file.")
    return names[0]


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with _opened(path) as file:
            while chunk := file.read(_CHUNK):
                yield bytes(chunk)
    except (pa.ArrowException, *_UNREADABLE) as error:
        raise TableError(_broken(path, "compressed", error)) from error


def _encoding(path: Path) -> str:
    """The encoding of the whole file, which is read once."""
    chunks = _chunks(path)
    first = next(chunks, b"")
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
    windows = False
    for chunk in (first, *chunks) if len(first) < _CHUNK else _chunks(path):
        if b"\0" in chunk or (len(chunk) - len(chunk.translate(None, _CONTROL))) * 1000 > len(chunk):
            raise TableError(f"{path}: is not text and not Parquet. Give a CSV or Parquet file.")
        if decoder is not None:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                decoder = None
        windows = windows or len(chunk) > len(chunk.translate(None, _WINDOWS))
    if decoder is not None:
        return "utf-8-sig" if first.startswith(codecs.BOM_UTF8) else "utf-8"
    # Every byte is a character in both; those that only Windows gives a printable one decide.
    return "cp1252" if windows else "latin-1"


def _plain(encoding: str) -> str:
    """The encoding for Arrow, which skips the mark at the start of UTF-8 itself."""
    return "utf8" if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig") else encoding


def _head(path: Path, encoding: str) -> str:
    """The first complete lines of the file."""
    try:
        with _opened(path) as file:
            raw = bytes(file.read(_SAMPLE_BYTES))
            complete = not file.read(1)
        text = codecs.getincrementaldecoder(encoding)("strict").decode(raw, complete).removeprefix("\ufeff")
    except LookupError as error:
        raise TableError(
            f"{path}: no encoding is called {encoding!r}. Correct data.encoding in params.yaml."
        ) from error
    except (pa.ArrowException, *_UNREADABLE) as error:
        raise TableError(_broken(path, encoding, error)) from error
    if complete or "\n" not in text:
        return text
    return text[: text.rindex("\n") + 1]


def _without_hint(text: str) -> str:
    """The text without the line by which spreadsheets announce their separator."""
    return re.sub(r"\Asep=.\r?\n", "", text)


def _consistency(text: str, separator: str) -> tuple[bool, bool, bool, float, int]:
    """How well a separator explains the lines; the largest wins."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        widths = [len(row) for _, row in zip(range(_SAMPLE_LINES), reader, strict=False) if row]
    except csv.Error:
        return False, False, False, 0.0, 0
    width, times = Counter(widths).most_common(1)[0]
    # Blanks stand inside names and values of most files, so they separate only where nothing else does.
    return width > 1, separator != " ", widths[0] == width, times / len(widths), width


def _decimal(text: str, separator: str) -> Decimal:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    fields = [field.strip() for _, row in zip(range(_SAMPLE_LINES), reader, strict=False) for field in row]
    commas = sum(bool(_COMMA_DECIMAL.match(field)) for field in fields)
    points = sum(bool(_POINT_DECIMAL.match(field)) for field in fields)
    return "," if commas > points else "."


def _broken(path: Path, kind: str, error: Exception) -> str:
    words = " ".join(str(error).split())
    return f"{path}: cannot be read as {kind}: {words[:300]}. Open the file there, fix it, and try again."
