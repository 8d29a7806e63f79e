from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from made_log import Record, write

from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.monitoring import fetch as fetching
from {{ cookiecutter.package_name }}.monitoring import labels, log
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


def test_a_segment_that_was_compacted_since_is_read_whole_and_once(project: Path, answered: list[Record]) -> None:
    there, here, agreed = project / "there", project / "here", log.of_project()
    segment = write(there, answered[:10])
    write(here, answered[20:25], "20260302T000000Z-here-7-0")  # of a service on this machine
    fetch(str(there), here)
    write(there, answered[:20])
    os.utime(segment, (0, 0))
    log.compact(there, agreed, 0)

    fetch(str(there), here)

    assert sorted(log.read(here)["id"]) == sorted(record["id"] for record in answered[:25])
    assert [path.name for path in here.glob("*.jsonl")] == ["20260302T000000Z-here-7-0.jsonl"]
    assert fetch(str(there), here)[1] == 0


def test_a_log_that_is_compacted_while_it_is_copied_is_listed_anew(
    project: Path, answered: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    there, here, agreed = project / "there", project / "here", log.of_project()
    write(there, answered[:10])
    listed = fetching._listed

    def late(*words: Any) -> dict[str, int]:
        found = listed(*words)
        log.compact(there, agreed, 0)
        return found

    monkeypatch.setattr(fetching, "_listed", late)

    assert fetch(str(there), here) == (1, 1)
    assert sorted(log.read(here)["id"]) == sorted(record["id"] for record in answered[:10])


def test_labels_are_copied_anew_though_they_are_as_long_as_they_were(tmp_path: Path) -> None:
    there, here = tmp_path / "there" / labels.STORE, tmp_path / "here" / labels.STORE
    there.parent.mkdir(parents=True)
    for content in (b"late", b"soon"):
        there.write_bytes(content)
        fetch(str(tmp_path / "there"), tmp_path / "here")

    assert here.read_bytes() == b"soon"


@pytest.mark.parametrize("place", ["", "nowhere", "no-such-scheme://bucket"])
def test_a_place_without_a_log_is_refused(place: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"FROM= is missing|holds no prediction log|cannot be read"):
        fetch(place, tmp_path)
