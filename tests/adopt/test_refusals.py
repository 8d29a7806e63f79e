"""Bad input: refused with the reason and the way to mend it, and nothing is changed."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from tests.adopt.conftest import Project

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("adopt-refusals")]

GOOD = "age,city,when,churned\n" + "".join(
    f"{20 + row * 7 % 50},{('Oslo', 'Bergen')[row % 2]},{2000 + row % 20},{('no', 'yes')[row * 3 % 7 > 3]}\n"
    for row in range(300)
)
PNG = bytes.fromhex("89504e470d0a1a0a0000000d494844520000000100000001080600000000") * 40
CODES = "code,churned\n" + "".join(f"x{row},{'yes' if row % 3 else 'no'}\n" for row in range(300))

FILES: dict[str, tuple[bytes | None, str]] = {
    "no such file": (None, "no such file. Check the path"),
    "empty": (b"", "is empty. Give a file with a header and data"),
    "header only": (b"age,churned\n", "has a header but no rows"),
    "rubbish": (random.Random(1).randbytes(20_000), "is not text and not Parquet"),  # noqa: S311
    "picture": (PNG, "is not text and not Parquet"),
    "cut off gzip": (gzip.compress(GOOD.encode())[:-40], "cannot be read as"),
    "broken Parquet": (b"PAR1" + GOOD.encode(), "cannot be read as Parquet"),
    "repeated names": (GOOD.replace("city", "age", 1).encode(), "'age' more than once"),
    "no target": (GOOD.replace("churned", "churn", 1).encode(), "Did you mean 'churn'?"),
    "constant target": (GOOD.replace("yes", "no").encode(), "is constant, always"),
    "target mostly missing": (GOOD.replace(",no\n", ",\n").encode(), "at most 50% may be missing"),
    "too few rows": ("".join(GOOD.splitlines(keepends=True)[:60]).encode(), "has 59 rows, want at least 100"),
    "one column": (("churned\n" + "yes\nno\n" * 100).encode(), "no column is left"),
    "nothing to learn from": (CODES.encode(), "code: Identifier: 300 different values"),
    "rows of different lengths": (GOOD.replace("Oslo", "Oslo,Norge", 1).encode(), "cannot be read as CSV"),
}


def refused(project: Project, *words: str) -> str:
    """Run adopt, which must refuse without a trace, and return the message."""
    before = project.state()
    done = project.make("adopt", *words)
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stderr
    assert "adopt refused, nothing was changed." in done.stderr
    assert project.state() == before
    return " ".join(done.stderr.split())


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_refused(project: Project, tmp_path: Path, name: str) -> None:
    content, words = FILES[name]
    path = tmp_path / "customers.csv"
    if content is not None:
        path.write_bytes(content)

    assert words in refused(project, f"DATA={path}", "TARGET=churned")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (("TARGET=Chruned",), "Did you mean 'churned'?"),
        (("TARGET=churned", "TIME=city"), "TIME=city: 300 of 300 values cannot be read as a date"),
        (("TARGET=churned", "TIME=churned"), "TIME=churned: is already TARGET"),
        (("TARGET=churned", "ENTITY=household"), "ENTITY=household: the file has no such column"),
        (("TARGET=churned", "PROTECTED=gender,age"), "PROTECTED=gender: the file has no such column"),
        (("TARGET=when", "TIME=churned"), "cannot be read as a date"),
        (("TARGET=",), "DATA and TARGET are both needed"),
        (("TARGET=`touch hacked`",), "TARGET=`touch hacked`: the file has no such column"),
        (("TARGET=$(touch hacked)",), "TARGET=$(touch hacked): the file has no such column"),
        (("TARGET=$(shell touch hacked)",), "TARGET=$(shell touch hacked): the file has no such column"),
        (("TARGET=churned\"; touch hacked; '",), "TARGET=churned\"; touch hacked; ': the file has no such column"),
        (("TARGET=--force",), "TARGET=--force: the file has no such column"),
        (("TARGET=churned", "TIME=--force"), "TIME=--force: the file has no such column"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_column_that_cannot_be_is_refused(
    project: Project, tmp_path: Path, variables: tuple[str, ...], words: str
) -> None:
    path = tmp_path / "my customers.csv"
    path.write_text(GOOD, encoding="utf-8")

    assert words in refused(project, f"DATA={path}", *variables)


def test_a_folder_is_refused(project: Project, tmp_path: Path) -> None:
    assert "is a folder. Name one file" in refused(project, f"DATA={tmp_path}", "TARGET=churned")


def test_a_file_name_is_never_a_command(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "$(touch hacked) `touch hacked`; touch hacked.csv"
    path.write_text(GOOD, encoding="utf-8")

    done = project.make("adopt", f"DATA={path}", "TARGET=churned")

    assert done.returncode == 0, done.stderr
    assert not (project.root / "hacked").exists()


def test_a_file_where_the_data_folder_should_be_is_refused(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text(GOOD, encoding="utf-8")
    (project.root / "data" / "source").write_text("in the way", encoding="utf-8")

    assert "data/source: is a file" in refused(project, f"DATA={path}", "TARGET=churned")
