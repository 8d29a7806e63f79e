"""The errors that speak to the person who runs the project."""

from __future__ import annotations

from goldenpath.project.exit_codes import Exit


class ProjectError(ValueError):
    """Something the person can mend. The message says what is wrong, where, and how to mend it.

    Attributes:
        exit_code: How a command ends that raises it.
        outcome: What the first line of the message says of the command.
    """

    exit_code = Exit.FAILED
    outcome = "failed"
