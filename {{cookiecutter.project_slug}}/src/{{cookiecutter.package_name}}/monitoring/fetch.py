"""Bring a prediction log here from where the service keeps it: ``make log-fetch FROM=s3://bucket/predictions``.

Closed segments never change, so what is here already in the same size is not fetched again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import fsspec

from ..errors import ProjectError
from ..paths import PREDICTION_LOG
from . import log

ENDINGS = (".jsonl", ".parquet")


def fetch(place: str, folder: Path) -> tuple[int, int]:
    """Copy segments, their Parquet files, and labels.

    Args:
        place: A folder, or an address that fsspec knows.
        folder: Where to.

    Returns:
        How many files there are, and how many of them were copied.

    Raises:
        ProjectError: It cannot be read, or holds no prediction log.
    """
    if not place:
        raise ProjectError(
            "FROM= is missing: the folder or address of the prediction log, such as s3://bucket/predictions"
        )
    try:
        system, root = fsspec.core.url_to_fs(place)
        found = {path: info["size"] for path, info in system.find(root, detail=True).items() if path.endswith(ENDINGS)}
        if not found:
            raise ProjectError(f"{place}: holds no prediction log: no file there ends in {' or '.join(ENDINGS)}.")
        copied = 0
        for path, size in found.items():
            here = folder / path.removeprefix(root.rstrip("/") + "/")
            if not here.is_file() or here.stat().st_size != size:
                here.parent.mkdir(parents=True, exist_ok=True)
                system.get_file(path, str(here))
                copied += 1
    except (OSError, ValueError, ImportError) as error:
        if isinstance(error, ProjectError):
            raise
        raise ProjectError(f"{place}: cannot be read: {error}") from error
    return len(found), copied


def main() -> int:
    """The command; see the module.

    Returns:
        0, or 2 where it could not be done.
    """
    asked = argparse.ArgumentParser(prog="log-fetch", description="Copy a prediction log from where it lies.")
    asked.add_argument("--log", type=Path, default=PREDICTION_LOG, help="where to")
    asked.add_argument("place", help="where it lies")
    given = asked.parse_args()

    def work() -> int:
        files, copied = fetch(given.place, given.log)
        print(f"{given.log}: {files:,} files of {given.place}, {copied:,} of them new.")
        return 0

    return log.ends(work, "log-fetch")


if __name__ == "__main__":
    sys.exit(main())
