"""What the forge is asked for by its program ``gh``: to open a pull request, to start a workflow."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from goldenpath.project.errors import ProjectError

REPOSITORY = "GITHUB_REPOSITORY"
"""The environment variable by which GitHub names the repository, as ``owner/name``."""


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


def ask(root: Path, event: str) -> str:
    """Ask the forge to start ``retrain.yml`` for an event that was seen elsewhere.

    Args:
        root: The project's folder.
        event: ``drift``, ``performance`` or ``age``.

    Returns:
        What was done.

    Raises:
        ProjectError: No workflow runs this, or the forge refused.
    """
    repository = os.environ.get(REPOSITORY)
    if not repository:
        raise ProjectError(f"{REPOSITORY} is not set: it names the repository whose retrain.yml is to start.")
    call(root, ("api", f"repos/{repository}/dispatches", "--raw-field", f"event_type={event}"))
    return f"Asked {repository} to start retraining: {event}."
