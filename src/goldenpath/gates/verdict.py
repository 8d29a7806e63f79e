"""The one verdict of all gates, what follows from several of them, and the error of a gate that cannot judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit

Verdict = Literal["pass", "fail", "inconclusive", "n/a", "not run"]
"""``n/a``: not asked here, with a reason; ``inconclusive``: could not be judged; ``not run``: left no report."""
WORST_FIRST: tuple[Verdict, ...] = ("fail", "inconclusive", "not run", "pass", "n/a")
EXIT_CODES: Mapping[Verdict, Exit] = {
    "pass": Exit.OK,
    "n/a": Exit.OK,
    "fail": Exit.FAILED,
    "inconclusive": Exit.INCONCLUSIVE,
    "not run": Exit.INCONCLUSIVE,
}
SCHEMA = 1
"""Version of the gates' reports in JSON; it rises when a reader would have to follow."""


@dataclass(frozen=True)
class Outcome:
    """How one gate ended.

    Attributes:
        gate: Its name, as ``goldenpath gate NAME`` takes it.
        verdict: Its verdict.
        summary: The reason in a sentence.
    """

    gate: str
    verdict: Verdict
    summary: str

    @property
    def exit_code(self) -> Exit:
        """What the verdict tells the shell."""
        return EXIT_CODES[self.verdict]

    def __str__(self) -> str:
        """The gate and its verdict in one line."""
        return f"{self.gate}: {self.verdict}" + (f" ({self.summary})" if self.summary else "")


class InconclusiveError(ProjectError):
    """What has to be compared is not here, so nothing is known.

    Attributes:
        reason: What is missing, and where it was looked for.
        fix: The command that brings it.
    """

    exit_code = Exit.INCONCLUSIVE
    outcome = "is inconclusive"

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(f"{reason} {fix}".rstrip())
        self.reason, self.fix = reason, fix


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """``fail`` where one is red; ``inconclusive`` where nothing is known of one, run or not; else ``pass``."""
    given = set(verdicts)
    if "fail" in given:
        return "fail"
    return "inconclusive" if given & {"inconclusive", "not run"} else "pass"


def of_error(error: ProjectError) -> Verdict:
    """The verdict of a gate that ended with an error."""
    return "inconclusive" if isinstance(error, InconclusiveError) else "fail"
