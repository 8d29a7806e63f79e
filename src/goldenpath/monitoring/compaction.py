"""Compaction of the prediction log: closed segments of JSON lines become Parquet, one file for each day.

A service never touches a segment again after it has begun the next; see :mod:`goldenpath.monitoring.log`.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from goldenpath.monitoring import log
from goldenpath.monitoring.log import PARQUET, UNFINISHED, Format, Seen

LOCK = ".compacting"
IDLE_SECONDS = 7200.0
"""A segment that nobody wrote to for so long, and that nobody holds locked, is closed."""

_SEGMENT = re.compile(r"(?P<time>\d{4}-?\d\d-?\d\dT[\d:.-]*Z?)-(?P<host>.+)-(?P<pid>\d+)-(?P<n>\d+)")


@dataclass(frozen=True)
class Compacted:
    """What :func:`compact` did.

    Attributes:
        segments: Segments that are now Parquet.
        rows: Their records.
        torn: Their lines that were no record.
        open: Segments that are still written to, and were left.
    """

    segments: int
    rows: int
    torn: int
    open: int


def compact(folder: Path, agreed: Format, idle_seconds: float = IDLE_SECONDS) -> Compacted:
    """Turn closed segments into Parquet, one file for each day, and remove them.

    It may be killed at any time and run again: a file gets its name when it is whole and on disk, and a segment goes
    when all its files are there. A second one at the same time waits for the first, and what a service or consumer
    still writes to is left to it.

    Args:
        folder: The log.
        agreed: The format.
        idle_seconds: After how long without a write a segment counts as closed; see :func:`closed`.

    Raises:
        ProjectError: There is no such folder.
    """
    log.list_segments(folder)
    with (folder / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # which ends with the process, however it ends
        for left in (folder / PARQUET).glob(f"day=*/{UNFINISHED}*"):
            left.unlink()
        segments, seen = log.list_segments(folder), Seen()
        done = rows = 0
        for segment in closed(segments, time.time() - idle_seconds):
            with segment.open("rb") as held:
                if not _is_left(held.fileno()):
                    continue
                table = pa.concat_tables([agreed.schema.empty_table(), *log.read_segment(segment, agreed, seen)])
                days = pc.strftime(table["time"], "%Y-%m-%d")
                for day in pc.unique(days).to_pylist():
                    _put(_file_of(folder, day, segment), table.filter(pc.equal(days, day)))
                segment.unlink()
            _sync(folder)
            done, rows = done + 1, rows + table.num_rows
    return Compacted(done, rows, seen.torn, len(segments) - done)


def closed(segments: list[Path], idle_before: float) -> list[Path]:
    """The segments that, by their names and times, no process writes to any longer; who still does holds a lock.

    Args:
        segments: All segments.
        idle_before: Seconds since 1970; what was not written to since then is closed, such as the last segment of a
            process that was killed.

    Returns:
        Those, and every segment after which the same process has begun another.
    """
    named = {path: match for path in segments if (match := _SEGMENT.fullmatch(path.stem))}
    newest: dict[tuple[str, str], tuple[str, int]] = {}
    for match in named.values():
        writer, place = (match["host"], match["pid"]), (match["time"], int(match["n"]))
        newest[writer] = max(newest.get(writer, place), place)
    found = []
    for path in segments:
        of = named.get(path)
        is_last = of is None or newest[of["host"], of["pid"]] == (of["time"], int(of["n"]))
        if not is_last or _changed(path) < idle_before:
            found.append(path)
    return found


def _is_left(handle: int) -> bool:
    """Whether the process that wrote a segment has let go of it; until it has, it may write to it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _file_of(folder: Path, day: str, segment: Path) -> Path:
    return folder / PARQUET / f"day={day}" / f"{segment.stem}.parquet"


def _put(path: Path, table: pa.Table) -> None:
    """Write a file under its name only when it is whole and on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(UNFINISHED + path.name)
    with unfinished.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Bring what a folder lists to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()
