"""Why a file of a product cannot be used."""

from __future__ import annotations


class BrokenFileError(Exception):
    """A file is there and cannot be used: it does not parse, is too large, or holds what it must not.

    A review turns it into a failed verdict that points at the place, because mending the file is the team's to do.

    Attributes:
        path: The file, relative to the product.
        line: Where in it, counted from 1, or None for the file as a whole.
        reason: What is wrong.
    """

    def __init__(self, path: str, reason: str, line: int | None = None) -> None:
        super().__init__(f"{path}{'' if line is None else f':{line}'}: {reason}")
        self.path, self.reason, self.line = path, reason, line
