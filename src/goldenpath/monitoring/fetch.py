"""Bring a prediction log here from where the service keeps it, such as ``s3://bucket/predictions``.

Segments only grow, and Parquet files never change, so what is here already in the same size is not fetched again. A
segment that became Parquet over there is replaced by that here too: beside it, the older copy would be what counts.
Labels may be taken on both sides, so those of there are taken in beside those of here.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec

from goldenpath.monitoring import labels, log
from goldenpath.project.errors import ProjectError

ENDINGS = (".jsonl", ".parquet")
ATTEMPTS = 3
"""How often a log is listed that is compacted while it is copied."""
COPYING = ".copying-"
"""What the names of files begin with that are not copied whole."""


def fetch(place: str, folder: Path) -> tuple[int, int]:
    """Copy segments and their Parquet files, and take labels in.

    Args:
        place: A folder, or an address that fsspec knows. Where it is the folder itself, there is nothing to do.
        folder: Where to.

    Returns:
        How many files there are, and how many of them brought something new.

    Raises:
        ProjectError: It cannot be read, or holds no prediction log.
    """
    if not place:
        raise ProjectError(
            "FROM= is missing: the folder or address of the prediction log, such as s3://bucket/predictions"
        )
    copied: set[str] = set()
    try:
        system, root = fsspec.core.url_to_fs(place)
        root = root.rstrip("/")
        for attempt in range(1, ATTEMPTS + 1):
            found = _listed(system, root)
            if _is_local(system) and Path(root).resolve() == folder.resolve():
                break
            try:
                copied |= {name for name, size in found.items() if _copy(system, root, name, size, folder)}
                break
            except FileNotFoundError:  # it became Parquet after it was listed
                if attempt == ATTEMPTS:
                    raise
    except (OSError, ValueError, ImportError) as error:
        raise ProjectError(f"{place}: cannot be read: {error}") from error
    if not found:
        raise ProjectError(f"{place}: holds no prediction log: no file there ends in {' or '.join(ENDINGS)}.")
    _forget_compacted(found, folder)
    _forget_moved(found, folder)
    return len(found), len(copied)


def _is_local(system: Any) -> bool:
    return "file" in (system.protocol if isinstance(system.protocol, tuple) else (system.protocol,))


def _listed(system: Any, root: str) -> dict[str, int]:
    """Sizes of the log's files, by their names in the log; hidden ones are not whole yet."""
    found = {path.removeprefix(f"{root}/"): info["size"] for path, info in system.find(root, detail=True).items()}
    return {
        name: size
        for name, size in found.items()
        if name.endswith(ENDINGS) and not PurePosixPath(name).name.startswith(log.HIDDEN)
    }


def _copy(system: Any, root: str, name: str, size: int, folder: Path) -> bool:
    """Copy a file, unless it is here; whether it brought something new."""
    here = folder / name
    is_labels = name == labels.STORE.as_posix()  # these change in place, and may be as long as they were
    if not is_labels and here.is_file() and here.stat().st_size == size:
        return False
    here.parent.mkdir(parents=True, exist_ok=True)
    # Of another ending, so that it is no part of the log before it is whole.
    copy = here.with_name(f"{COPYING}{here.name}.part")
    try:
        system.get_file(f"{root}/{name}", str(copy))
        if is_labels:
            return labels.merge(copy, folder)
        copy.replace(here)
    finally:
        copy.unlink(missing_ok=True)
    return True


def _forget_compacted(found: Collection[str], folder: Path) -> None:
    """Remove copies of segments that are gone over there, and came as Parquet."""
    compacted = {PurePosixPath(name).stem for name in found if name.startswith(f"{log.PARQUET}/")}
    for segment in folder.glob("*.jsonl"):
        if segment.name not in found and segment.stem in compacted:
            segment.unlink()


def _forget_moved(found: Collection[str], folder: Path) -> None:
    """Remove copies of a batch's chunks that were written again on another day, because the batch had been stopped."""
    chunks = {PurePosixPath(name).name for name in found if name.startswith(f"{log.PARQUET}/")}
    for chunk in folder.glob(f"{log.PARQUET}/day=*/batch-*.parquet"):
        if chunk.name in chunks and chunk.relative_to(folder).as_posix() not in found:
            chunk.unlink()
