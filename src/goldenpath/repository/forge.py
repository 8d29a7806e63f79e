"""The one way to the forge: its own program, ``gh``."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from goldenpath.project.errors import ProjectError


def call(root: Path, words: Sequence[str], text: str = "") -> str:
    """What ``gh`` prints.

    Args:
        root: The project's folder.
        words: Its arguments.
        text: What it reads from standard input.

    Raises:
        ProjectError: It is not installed, or refused; with its reason.
    """
    try:
        done = subprocess.run(["gh", *words], cwd=root, input=text, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ProjectError("The program gh is not installed. Get it from https://cli.github.com.") from error
    if done.returncode:
        raise ProjectError(f"gh {' '.join(words[:2])}: {' '.join(done.stderr.split()) or 'it gave no reason'}")
    return done.stdout
