"""The library's line in a project's locks: which wheel of ``vendor/`` is installed, by its digest.

Works with Python's standard library alone, because a project is generated where nothing else need be installed.
"""

from __future__ import annotations

import re

FIND_LINKS = "--find-links ../vendor"
"""Where pip and uv look for the wheel: beside the folder of the lock, from whichever folder they are called."""
PACKAGE = "goldenpath"
_ENTRY = re.compile(rf"^{PACKAGE}==.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_PINNED = re.compile(rf"{PACKAGE}==(\S+) \\\n\s+--hash=sha256:([0-9a-f]{{64}})")
_PACKAGE = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*).*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
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


def pinned(text: str) -> tuple[str, str] | None:
    """Version and digest of the library as a lock pins it; None where it does not."""
    entry = _ENTRY.search(text)
    found = _PINNED.match(entry[0]) if entry else None
    return (found[1], found[2]) if found else None


def unhashed(text: str) -> list[str]:
    """The packages of a lock that no digest pins."""
    return [entry[1] for entry in _PACKAGE.finditer(text) if "--hash=sha256:" not in entry[0]]


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
