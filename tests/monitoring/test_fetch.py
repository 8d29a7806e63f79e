from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fsspec.implementations.local import LocalFileSystem

from goldenpath.monitoring import compaction, labels, log
from goldenpath.monitoring import fetch as fetching
from goldenpath.monitoring.fetch import fetch
from goldenpath.project.errors import ProjectError
from tests.monitoring.log_factory import Record, write


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


def test_a_segment_that_was_compacted_since_is_read_whole_and_once(project: Path, served: list[Record]) -> None:
    there, here, agreed = project / "there", project / "here", log.of_project()
    segment = write(there, served[:10])
    write(here, served[20:25], "20260302T000000Z-here-7-0")  # of a service on this machine
    fetch(str(there), here)
    write(there, served[:20])
    os.utime(segment, (0, 0))
    compaction.compact(there, agreed, 0)

    fetch(str(there), here)

    assert sorted(log.read(here)["id"]) == sorted(record["id"] for record in served[:25])
    assert [path.name for path in here.glob("*.jsonl")] == ["20260302T000000Z-here-7-0.jsonl"]
    assert fetch(str(there), here)[1] == 0


def test_a_log_that_is_compacted_while_it_is_copied_is_listed_anew(
    project: Path, served: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    there, here, agreed = project / "there", project / "here", log.of_project()
    write(there, served[:10])
    listed = fetching._listed

    def late(*words: Any) -> dict[str, int]:
        found = listed(*words)
        compaction.compact(there, agreed, 0)
        return found

    monkeypatch.setattr(fetching, "_listed", late)

    assert fetch(str(there), here) == (1, 1)
    assert sorted(log.read(here)["id"]) == sorted(record["id"] for record in served[:10])


def keep(folder: Path, *rows: tuple[str, str, int, bool]) -> None:
    """A store of labels: id, label, the day of January when it was received, whether its prediction was found."""
    columns = labels.LABEL, labels.RECEIVED, labels.FOUND
    days = [(label, datetime(2026, 1, day, tzinfo=UTC), found) for _, label, day, found in rows]
    frame = pd.DataFrame(days, columns=columns, index=pd.Index([row[0] for row in rows], name=labels.ID))
    (folder / labels.STORE).parent.mkdir(parents=True, exist_ok=True)
    frame.astype({labels.LABEL: "string"}).to_parquet(folder / labels.STORE)


def kept(folder: Path) -> dict[str, tuple[str, int, bool]]:
    found = labels.load(folder)
    return {str(name): (label, received.day, bool(is_found)) for name, label, received, is_found in found.itertuples()}


def test_labels_that_were_taken_here_stay_beside_those_of_there_and_the_newest_label_wins(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    keep(here, ("a", "late", 5, True), ("both", "late", 2, True), ("mine", "late", 9, False))
    keep(there, ("both", "soon", 3, False), ("mine", "soon", 1, True), ("theirs", "late", 1, True))

    assert fetch(str(there), here) == (1, 1)
    assert kept(here) == {
        "a": ("late", 5, True), "both": ("soon", 3, True), "mine": ("late", 9, True), "theirs": ("late", 1, True),
    }  # fmt: skip
    assert fetch(str(there), here) == (1, 0)
    assert [path.name for path in (here / labels.STORE).parent.iterdir()] == [labels.STORE.name]


def test_labels_are_taken_in_anew_though_they_are_as_long_as_they_were(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    for day, label in enumerate(("late", "soon"), start=1):
        keep(there, ("a", label, day, True))
        fetch(str(there), here)

    assert kept(here) == {"a": ("soon", 2, True)}


def test_labels_are_taken_in_while_nobody_else_takes_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_store, was_locked = labels._write, []

    def watched(folder: Path, rows: pd.DataFrame) -> None:
        with (folder / labels.LOCK).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                was_locked.append(True)
        write_store(folder, rows)

    keep(tmp_path / "there", ("a", "late", 1, True))
    monkeypatch.setattr(labels, "_write", watched)

    fetch(str(tmp_path / "there"), tmp_path / "here")

    assert was_locked == [True]


def test_a_file_of_labels_that_holds_none_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "there" / labels.STORE
    store.parent.mkdir(parents=True)
    pd.DataFrame({"id": ["a"]}).to_parquet(store)

    with pytest.raises(ProjectError, match=r"labels/labels\.parquet holds no labels"):
        fetch(str(tmp_path / "there"), tmp_path / "here")


def test_a_copy_that_breaks_off_is_no_part_of_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    for folder, lines in ((there, "{}\n{}\n"), (here, "{}\n")):
        folder.mkdir()
        (folder / "a.jsonl").write_text(lines)

    def broken(_: object, __: str, target: str) -> None:
        Path(target).write_text("{}\n{")
        raise OSError("connection lost")

    monkeypatch.setattr(LocalFileSystem, "get_file", broken)

    with pytest.raises(ProjectError, match="connection lost"):
        fetch(str(there), here)
    assert [(path.name, path.read_text()) for path in here.iterdir()] == [("a.jsonl", "{}\n")]


def test_the_log_itself_has_nothing_to_bring(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n")
    keep(tmp_path, ("a", "late", 1, True))

    assert fetch(os.path.relpath(tmp_path), tmp_path) == (2, 0)
    assert fetch(f"file://{tmp_path}/", tmp_path) == (2, 0)
    assert kept(tmp_path) == {"a": ("late", 1, True)}


def test_a_chunk_of_a_batch_that_was_written_anew_on_another_day_is_there_once(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    for name in ("day=2026-01-01/batch-x-000007.parquet", "day=2026-01-01/s.parquet"):
        (there / "parquet" / name).parent.mkdir(parents=True, exist_ok=True)
        (there / "parquet" / name).write_bytes(b"PAR1")
    fetch(str(there), here)
    own = here / "parquet/day=2026-01-01/batch-mine-000001.parquet"
    own.write_bytes(b"PAR1")
    (there / "parquet/day=2026-01-02").mkdir()
    for name in ("batch-x-000007.parquet", "s.parquet"):  # a segment's records may lie in the folders of several days
        (there / "parquet/day=2026-01-01" / name).rename(there / "parquet/day=2026-01-02" / name)

    fetch(str(there), here)

    assert sorted(path.relative_to(here / "parquet").as_posix() for path in here.rglob("*.parquet")) == [
        "day=2026-01-01/batch-mine-000001.parquet",
        "day=2026-01-01/s.parquet",
        "day=2026-01-02/batch-x-000007.parquet",
        "day=2026-01-02/s.parquet",
    ]


@pytest.mark.parametrize("place", ["", "nowhere", "no-such-scheme://bucket"])
def test_a_place_without_a_log_is_refused(place: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"FROM= is missing|holds no prediction log|cannot be read"):
        fetch(place, tmp_path)
