"""Train a candidate: read the source again, and run what follows from new rows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from goldenpath.delivery.release import results
from goldenpath.project.errors import ProjectError
from goldenpath.retraining import history

READ_SOURCE = ("dvc", "repro", "--force", "--single-item", "ingest")
"""The stage that reads the source is forced, because DVC cannot see that a source has new rows."""


def run(root: Path) -> None:
    """Run the pipeline from the source on, and tell the recorder of a receipt what it took.

    Args:
        root: The project's folder, which is the working directory.

    Raises:
        ProjectError: A stage failed; what it said went to the terminal.
    """
    results.fetch_adopted(root, os.environ)
    done = subprocess.run([sys.executable, "-m", *READ_SOURCE], cwd=root, check=False)
    if done.returncode:
        raise ProjectError(f"`{' '.join(READ_SOURCE)}` ended with {done.returncode}; the reason stands above.")
    results.run(root)
    history.tell(root)
