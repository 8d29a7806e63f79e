from __future__ import annotations

from pathlib import Path

import pytest

from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.monitoring.fetch import fetch


def test_what_is_new_or_has_grown_is_copied_and_nothing_else(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    (there / "parquet/day=2026-01-01").mkdir(parents=True)
    (there / "a.jsonl").write_text("{}\n")
    (there / "parquet/day=2026-01-01/b.parquet").write_bytes(b"PAR1")
    (there / ".compacting").write_text("")

    assert fetch(str(there), here) == (2, 2)
    assert fetch(f"file://{there}", here) == (2, 0)
    (there / "a.jsonl").write_text("{}\n{}\n")
    assert fetch(str(there), here) == (2, 1)

    assert (here / "a.jsonl").read_text() == "{}\n{}\n"
    assert not (here / ".compacting").exists()


@pytest.mark.parametrize("place", ["", "nowhere", "no-such-scheme://bucket"])
def test_a_place_without_a_log_is_refused(place: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"FROM= is missing|holds no prediction log|cannot be read"):
        fetch(place, tmp_path)
