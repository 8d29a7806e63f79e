"""What a person typed behind a make target, as typed."""

from __future__ import annotations

import os


def typed(name: str) -> str:
    """The value of ``NAME=…`` on make's command line, without spaces around it; empty where it was not given."""
    return os.environ.get(f"DELIVER_{name}", "").strip()
