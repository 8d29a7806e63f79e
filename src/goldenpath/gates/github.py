"""What a job of GitHub Actions is told: its outputs, and the text on its page. Elsewhere, nothing."""

from __future__ import annotations

import os
from pathlib import Path

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The environment variable by which GitHub names a file for what the job's page should show."""
OUTPUT = "GITHUB_OUTPUT"
"""The environment variable by which GitHub names a file for what later steps and jobs read."""


def summarize(text: str) -> None:
    """Show Markdown on the job's page."""
    _append(STEP_SUMMARY, text)


def output(name: str, value: str) -> None:
    """Set an output of the step."""
    _append(OUTPUT, f"{name}={value}\n")


def _append(variable: str, text: str) -> None:
    if path := os.environ.get(variable):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
