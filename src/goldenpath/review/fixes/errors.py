"""Why a fix cannot be made."""

from __future__ import annotations


class FixError(Exception):
    """A fix cannot be made here; the message says why."""
