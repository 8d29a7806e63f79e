"""The one table of exit codes: what a command tells the shell, CI and make."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    """Done; a gate is green."""
    FAILED = 1
    """Refused or failed, for a reason that was printed; a gate is red."""
    USAGE = 2
    """The command was called wrongly; nothing was done."""
    INCONCLUSIVE = 3
    """Nothing is known: what has to be compared is not here, or too few rows are."""
    ALARM = 4
    """The command did its work, and what it saw is an alarm."""
    INTERRUPTED = 130
    """Stopped by the person who had started it."""
