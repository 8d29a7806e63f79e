from __future__ import annotations

import bz2
import gzip
import lzma
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from goldenpath.tables.table_io import TableError, TableFormat, column_names, read_table, sniff

TEXT = "id,größe,preis\n1,S,1.5\n2,M,2.5\n"
ROWS = {"id": [1, 2], "größe": ["S", "M"], "preis": [1.5, 2.5]}


def sniffed(path: Path) -> pd.DataFrame:
    layout = sniff(path)
    return read_table(path, layout.separator, layout.encoding, layout.decimal)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Writes a file and returns its path."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "table.data"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def zipped(content: bytes, folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        archive.writestr("inner.csv", content)
    return (folder / "x.zip").read_bytes()


@pytest.mark.parametrize("compression", ["none", "gzip", "bzip2", "xz", "zstd", "zip"])
def test_compressed_files_are_read_whatever_they_are_called(
    file: Callable[[bytes], Path], tmp_path: Path, compression: str
) -> None:
    raw = TEXT.encode()
    content = {
        "none": lambda: raw,
        "gzip": lambda: gzip.compress(raw, mtime=0),
        "bzip2": lambda: bz2.compress(raw),
        "xz": lambda: lzma.compress(raw),
        "zstd": lambda: pa.compress(raw, "zstd", asbytes=True),
        "zip": lambda: zipped(raw, tmp_path),
    }[compression]()

    assert sniffed(file(content)).to_dict("list") == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_encodings_are_found(file: Callable[[bytes], Path], encoding: str) -> None:
    path = file(TEXT.encode(encoding))

    assert sniff(path).encoding == encoding
    assert sniffed(path).to_dict("list") == ROWS


def test_an_encoding_is_decided_by_the_whole_file(file: Callable[[bytes], Path]) -> None:
    path = file(b"a,b\n" + b"1,x\n" * 400_000 + "2,ä\n".encode("latin-1"))

    assert sniff(path).encoding == "latin-1"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found(file: Callable[[str], Path], separator: str) -> None:
    path = file(TEXT.replace(",", separator))

    assert sniff(path) == TableFormat(separator, "utf-8", ".")
    assert sniffed(path).to_dict("list") == ROWS


def test_decimal_commas_are_found_and_points_then_group_thousands(file: Callable[[str], Path]) -> None:
    path = file("a;b\n1,5;1.234,5\n2,25;12,0\n")

    assert sniff(path) == TableFormat(";", "utf-8", ",")
    assert sniffed(path).to_dict("list") == {"a": [1.5, 2.25], "b": [1234.5, 12.0]}


def test_the_separator_line_of_spreadsheets_is_obeyed_and_skipped(file: Callable[[str], Path]) -> None:
    assert sniffed(file("sep=|\na|b\n1|2\n")).to_dict("list") == {"a": [1], "b": [2]}


def test_quoted_separators_and_line_breaks_belong_to_the_value(file: Callable[[str], Path]) -> None:
    assert sniffed(file('a,b\n1,"x, y\nz"\n2,"say ""hi"""\n'))["b"].tolist() == ["x, y\nz", 'say "hi"']


def test_a_bare_na_is_missing_and_a_quoted_one_is_a_word(file: Callable[[str], Path]) -> None:
    assert sniffed(file('a,b\nNA,1\n"NA",2\nx,3\n'))["a"].isna().tolist() == [True, False, False]


def test_none_is_a_word_among_words(file: Callable[[str], Path]) -> None:
    assert sniffed(file("disorder,n\nNone,None\nApnea,2\n"))["disorder"].tolist() == ["None", "Apnea"]


def test_row_names_without_a_header_get_a_name(file: Callable[[str], Path]) -> None:
    assert sniffed(file('a,b\n"r1",1,2\n"r2",3,4\n')).columns.tolist() == ["unnamed_1", "a", "b"]


def test_blanks_around_names_and_values_are_dropped(file: Callable[[str], Path]) -> None:
    assert sniffed(file("a, b\n1, x\n2, y\n")).to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


def test_whole_numbers_beside_missing_values_stay_whole(file: Callable[[str], Path]) -> None:
    column = sniffed(file("a,b\n1,x\n,y\n9007199254740993,z\n"))["a"]

    assert column[2] == 9007199254740993


def test_columns_named_as_moments_are_read_as_such(file: Callable[[str], Path]) -> None:
    rows = read_table(file("year,x\n1999,1\n2000,2\n"), timestamps=["year"])

    assert rows["year"].tolist() == [pd.Timestamp("1999-01-01"), pd.Timestamp("2000-01-01")]


def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "when": pa.array([0, None], pa.timestamp("ns", "Europe/Berlin")),
            "size": pa.array(["S", None]).dictionary_encode(),
            "count": pa.array([1, None], pa.int32()),
            "price": pa.array(["1.50", None]).cast(pa.decimal128(5, 2)),
            "tags": pa.array([["a"], None]),
        }
    )
    pa.parquet.write_table(table, tmp_path / "t.bin")

    rows = sniffed(tmp_path / "t.bin")

    assert rows.iloc[0].tolist() == [pd.Timestamp("1970-01-01"), "S", 1, 1.5, "['a']"]
    assert rows.iloc[1].isna().all()


def test_names_can_be_read_without_the_rows(file: Callable[[str], Path]) -> None:
    assert column_names(file(TEXT)) == list(ROWS)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,b\n", "no rows"),
        (b"a,b", "no rows"),
        (random.Random(7).randbytes(4000), "is not text"),  # noqa: S311
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "is not text"),
        (b"a,b,a\n1,2,3\n", "holds 'a' more than once"),
        (b"a,b\n1,2\n1,2,3\n", "Expected 2 columns, got 3"),
        (gzip.compress(random.Random(7).randbytes(4000), mtime=0)[:2000], "cannot be read"),  # noqa: S311
        (b"PAR1" + bytes(50), "cannot be read as Parquet"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(file: Callable[[bytes], Path], content: bytes, words: str) -> None:
    with pytest.raises(TableError, match=words):
        sniffed(file(content))


def test_a_folder_and_an_absent_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="is a folder"):
        sniff(tmp_path)
    with pytest.raises(TableError, match="no such file"):
        read_table(tmp_path / "absent.csv")


def test_a_wrong_encoding_is_refused_with_the_place_to_mend_it(file: Callable[[bytes], Path]) -> None:
    path = file(TEXT.encode("latin-1"))

    with pytest.raises(TableError, match="cannot be read"):
        read_table(path, encoding="utf-8")
    with pytest.raises(TableError, match=r"data.encoding in params.yaml"):
        read_table(path, encoding="utf-99")


@pytest.mark.parametrize(
    ("amounts", "decimal", "value"),
    [
        (("1.234,56", "12,5"), ",", 1234.56),
        (("1.234.567,8", "2.000"), ",", 1234567.8),
        (('"1,234.56"', "12.5"), ".", 1234.56),
        (("1.234", "0.5"), ".", 1.234),
    ],
)
def test_thousands_do_not_hide_the_decimal_mark(
    file: Callable[[str], Path], amounts: tuple[str, str], decimal: str, value: float
) -> None:
    path = file("amount;size\n" + "".join(f"{amount};S\n" for amount in amounts))

    assert sniff(path).decimal == decimal
    assert sniffed(path)["amount"][0] == value


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ('[{"a": 1, "b": 2}]', "JSON"),
        ('{"a":1}\n{"a":2}\n', "JSON"),
        ('{"columns": []}', "JSON"),
        ("<!DOCTYPE html>\n<html></html>", "a web page"),
    ],
)
def test_text_that_is_no_table_is_refused_by_what_it_is(file: Callable[[str], Path], content: str, what: str) -> None:
    with pytest.raises(TableError, match=f"is {what}, not a table"):
        sniff(file(content))
