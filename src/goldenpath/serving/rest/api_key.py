"""Make a key for a caller: ``make api-key NAME=caller``. It is shown once, and stored nowhere."""

from __future__ import annotations

import hashlib
import re
import secrets
import sys

BYTES = 32
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")


def main() -> int:
    """Print a key, and its line for the file of keys.

    Returns:
        0, or 1 where the name is none; the reason went to standard error.
    """
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if not NAME.fullmatch(name):
        print(f"NAME={name}: want the caller's name: letters, digits, dots, dashes.", file=sys.stderr)
        return 1
    key, line = made(name)
    print(f"For {name}, who sends it as X-API-Key; it cannot be shown again:\n  {key}")
    print(f"For the file that API_KEYS_FILE names:\n  {line}")
    return 0


def made(name: str) -> tuple[str, str]:
    """A new key, and the line by which :class:`~..serving.auth.ApiKeys` knows it."""
    key = secrets.token_urlsafe(BYTES)
    return key, f"{name} {hashlib.sha256(key.encode()).hexdigest()}"


if __name__ == "__main__":
    sys.exit(main())
