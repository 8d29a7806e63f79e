"""Ask the forge to train a candidate, for what was seen where training is not possible."""

from __future__ import annotations

import os
from pathlib import Path

from goldenpath.project.errors import ProjectError
from goldenpath.repository import forge

REPOSITORY = "GITHUB_REPOSITORY"
"""The environment variable by which GitHub names the repository, as ``owner/name``."""


def ask(root: Path, event: str) -> str:
    """Ask the forge to start ``retrain.yml``.

    Args:
        root: The project's folder.
        event: What was seen: ``drift``, ``performance`` or ``age``.

    Returns:
        What was done.

    Raises:
        ProjectError: No workflow runs this, or the forge refused.
    """
    repository = os.environ.get(REPOSITORY)
    if not repository:
        raise ProjectError(f"{REPOSITORY} is not set: it names the repository whose retrain.yml is to start.")
    forge.call(root, ("api", f"repos/{repository}/dispatches", "--raw-field", f"event_type={event}"))
    return f"Asked {repository} to start retraining: {event}."
