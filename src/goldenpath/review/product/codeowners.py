"""``CODEOWNERS``: who answers for which files."""

from __future__ import annotations

from dataclasses import dataclass

from goldenpath.review.product.files import Files

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
EVERYTHING = ("*", "/", "/*", "**", "/**")
"""Patterns that match files which no narrower rule names."""


@dataclass(frozen=True)
class Owners:
    """The rules of a CODEOWNERS file: pattern and owners, with the line; the last that matches a file decides.

    Attributes:
        path: The file; empty where there is none.
        rules: Pattern, owners and line number.
    """

    path: str = ""
    rules: tuple[tuple[str, frozenset[str], int], ...] = ()

    @property
    def everyone(self) -> frozenset[str]:
        """Every handle and address that owns anything."""
        return frozenset().union(*(owners for _, owners, _ in self.rules))

    @property
    def of_everything(self) -> frozenset[str]:
        """Who owns the files that no narrower rule names."""
        found: frozenset[str] = frozenset()
        for pattern, owners, _ in self.rules:
            if pattern in EVERYTHING:
                found = owners
        return found


def read(files: Files) -> Owners:
    """Read the first CODEOWNERS file among the places that GitHub looks in."""
    for place in PLACES:
        text = files.text(place)
        if text is None:
            continue
        rules = []
        for number, line in enumerate(text.splitlines(), start=1):
            pattern, *owners = line.partition("#")[0].split() or [""]
            if pattern:
                rules.append((pattern, frozenset(owners), number))
        return Owners(place, tuple(rules))
    return Owners()
