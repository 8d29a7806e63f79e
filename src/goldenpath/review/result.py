"""A criterion that was asked, and what came out."""

from __future__ import annotations

from dataclasses import dataclass

from goldenpath.review.standards.criterion import Criterion
from goldenpath.review.standards.verdict import Status, Verdict


@dataclass(frozen=True)
class Result:
    """One criterion and its verdict."""

    criterion: type[Criterion]
    verdict: Verdict

    @property
    def status(self) -> Status:
        """The verdict's status."""
        return self.verdict.status
