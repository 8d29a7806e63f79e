"""Programs that judge for a gate, installed beside the Python that runs this."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from goldenpath.gates.verdict import InconclusiveError

BIN = Path(sys.executable).parent


def call(root: Path, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a project's folder, and keep what it says.

    Raises:
        InconclusiveError: It is not installed.
    """
    try:
        return subprocess.run([str(BIN / program), *words], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise InconclusiveError(f"{program} is not installed.", "Run `make setup`.") from error
