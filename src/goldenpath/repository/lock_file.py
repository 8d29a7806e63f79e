"""The library's line in a project's locks: which wheel of ``vendor/`` is installed, by its digest.

Works with Python's standard library alone, because a project is generated where nothing else need be installed.
"""

from __future__ import annotations

import re

FIND_LINKS = "--find-links ../vendor"
"""Where pip and uv look for the wheel: beside the folder of the lock, from whichever folder they are called."""
PACKAGE = "goldenpath"
_ENTRY = re.compile(rf"^{PACKAGE}==.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", re.MULTILINE)


def with_wheel(text: str, version: str, digest: str) -> str:
    """A lock that installs the vendored wheel of this version and digest, and no other.

    Args:
        text: The lock, with another wheel or none.
        version: The library's version.
        digest: SHA-256 of the wheel, hexadecimal.
    """
    text = without_wheel(text)
    entry = f"{PACKAGE}=={version} \\\n    --hash=sha256:{digest}\n"
    after = next((found.start() for found in _NAME.finditer(text) if _key(found[1]) > PACKAGE), len(text))
    head = re.match(r"(?:#.*\n)*", text)
    start = head.end() if head else 0
    return f"{text[:start]}{FIND_LINKS}\n{text[start:after]}{entry}{text[after:]}"


def without_wheel(text: str) -> str:
    """A lock of third-party packages alone."""
    return _ENTRY.sub("", text.replace(f"{FIND_LINKS}\n", ""))


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
