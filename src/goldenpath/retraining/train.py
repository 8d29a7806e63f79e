"""Train a candidate: read the source again, and run what follows from new rows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from goldenpath.project.errors import ProjectError
from goldenpath.retraining import history

SOURCE_STAGE = "ingest"
"""The stage that reads the source; DVC cannot see that a source has new rows, so it is forced."""


def run(root: Path) -> None:
    """Run the pipeline from the source on, and tell the recorder of a receipt what it took.

    Args:
        root: The project's folder.

    Raises:
        ProjectError: A step failed; what it said went to the terminal.
    """
    for command in _commands(root):
        done = subprocess.run(command, cwd=root, check=False)
        if done.returncode:
            raise ProjectError(f"`{' '.join(command[2:])}` ended with {done.returncode}.")
    history.tell(root)


def _commands(root: Path) -> Iterator[list[str]]:
    dvc = [sys.executable, "-m", "dvc"]
    for pointer in sorted((root / "data/source").glob("*.dvc")):
        if not pointer.with_suffix("").exists():  # a fresh clone holds the pointer only
            yield [*dvc, "pull", "--quiet", str(pointer.relative_to(root))]
    yield [*dvc, "repro", "--force", "--single-item", SOURCE_STAGE]
    yield [sys.executable, "-m", "goldenpath", "run"]
