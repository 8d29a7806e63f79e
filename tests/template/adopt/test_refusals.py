"""Bad input: refused with the reason, nothing is changed, and nothing that was typed is run.

Which files and columns are refused, and in what words, is what tests/adopt is about.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.template.adopt.conftest import Project

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("adopt-refusals")]

GOOD = "age,city,when,churned\n" + "".join(
    f"{20 + row * 7 % 50},{('Oslo', 'Bergen')[row % 2]},{2000 + row % 20},{('no', 'yes')[row * 3 % 7 > 3]}\n"
    for row in range(300)
)


def refused(project: Project, *words: str) -> str:
    """Run adopt, which must refuse without a trace, and return the message."""
    before = project.state()
    done = project.verb("adopt", *words)
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stderr
    assert "adopt failed." in done.stderr
    assert project.state() == before
    return " ".join(done.stderr.split())


def test_a_bad_file_is_refused(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(gzip.compress(GOOD.encode())[:-40])

    assert "cannot be read as" in refused(project, str(path), "churned")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (("churned", "--time", "city"), "--time city: 300 of 300 values cannot be read as a date"),
        (("`touch hacked`",), "`touch hacked`: the file has no such column"),
        (("$(touch hacked)",), "$(touch hacked): the file has no such column"),
        (("churned\"; touch hacked; '",), "churned\"; touch hacked; ': the file has no such column"),
        (("churned", "--time=--force"), "--force: the file has no such column"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_column_that_cannot_be_is_refused(
    project: Project, tmp_path: Path, variables: tuple[str, ...], words: str
) -> None:
    path = tmp_path / "my customers.csv"
    path.write_text(GOOD, encoding="utf-8")

    assert words in refused(project, str(path), *variables)


def test_a_file_name_is_never_a_command(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "$(touch hacked) `touch hacked`; touch hacked.csv"
    path.write_text(GOOD, encoding="utf-8")

    done = project.verb("adopt", str(path), "churned")

    assert done.returncode == 0, done.stderr
    assert not (project.root / "hacked").exists()
