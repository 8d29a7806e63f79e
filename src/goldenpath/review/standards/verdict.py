"""What a criterion says of a product, and on what ground."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Status(StrEnum):
    """The outcome of one criterion.

    Only PASS, NOT_APPLICABLE and ATTESTED count towards a level. UNKNOWN means that the evidence cannot be had here,
    and ERROR that the check itself broke: neither is the product's failure, and neither is a pass.
    """

    PASS = "pass"  # noqa: S105 - a word, not a password
    FAIL = "fail"
    NOT_APPLICABLE = "n/a"
    ATTESTED = "attested"
    WAIVED = "waived"
    UNKNOWN = "unknown"
    ERROR = "error"

    @property
    def counts(self) -> bool:
        """Whether the criterion is met, as far as a level is concerned."""
        return self in (Status.PASS, Status.NOT_APPLICABLE, Status.ATTESTED)


@dataclass(frozen=True)
class Evidence:
    """One fact behind a verdict.

    Attributes:
        text: The fact, in words.
        path: The file it stands in, relative to the product; empty where it is in none.
        line: The line, counted from 1.
        command: The command that shows it.
    """

    text: str
    path: str = ""
    line: int | None = None
    command: str = ""

    @property
    def place(self) -> str:
        """``file:line``, or the file, or nothing."""
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True)
class Verdict:
    """The outcome of one criterion for one product.

    Attributes:
        status: The outcome.
        reason: One sentence, without a full stop: why.
        evidence: The facts, the weightiest first.
    """

    status: Status
    reason: str
    evidence: tuple[Evidence, ...] = ()

    def but(self, status: Status, reason: str, *evidence: Evidence) -> Verdict:
        """The same evidence, led by more, under another status."""
        return replace(self, status=status, reason=reason, evidence=(*evidence, *self.evidence))


def passed(reason: str, *evidence: Evidence) -> Verdict:
    """The criterion is met."""
    return Verdict(Status.PASS, reason, evidence)


def failed(reason: str, *evidence: Evidence) -> Verdict:
    """The criterion is not met."""
    return Verdict(Status.FAIL, reason, evidence)


def unknown(reason: str, *evidence: Evidence) -> Verdict:
    """The evidence cannot be had here."""
    return Verdict(Status.UNKNOWN, reason, evidence)


def not_applicable(reason: str, *evidence: Evidence) -> Verdict:
    """The criterion is about something that the product does not have, by its manifest and its code."""
    return Verdict(Status.NOT_APPLICABLE, reason, evidence)
