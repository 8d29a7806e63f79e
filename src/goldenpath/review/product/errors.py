"""Why a review cannot do what was asked of it."""

from __future__ import annotations

from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit


class ReviewError(ProjectError):
    """What was asked for cannot be done with what is there: no such commit, a file that cannot be used."""

    exit_code = Exit.USAGE


class BrokenFileError(ReviewError):
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
