"""Make a key for a caller. It is shown once, and stored nowhere."""

from __future__ import annotations

import hashlib
import re
import secrets

from goldenpath.project.errors import ProjectError

BYTES = 32
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")


def issue(name: str) -> str:
    """A new key for a caller, and its line for the file of keys, as text for the person.

    Args:
        name: The caller: letters, digits, dots and dashes.

    Raises:
        ProjectError: The name is none.
    """
    if not NAME.fullmatch(name):
        raise ProjectError(f"{name!r} is no caller's name: use letters, digits, dots and dashes.")
    key, line = made(name)
    return (
        f"For {name}, who sends it as X-API-Key; it cannot be shown again:\n  {key}\n"
        f"For the file that API_KEYS_FILE names:\n  {line}"
    )


def made(name: str) -> tuple[str, str]:
    """A new key, and the line by which :class:`~..serving.auth.ApiKeys` knows it."""
    key = secrets.token_urlsafe(BYTES)
    return key, f"{name} {hashlib.sha256(key.encode()).hexdigest()}"
