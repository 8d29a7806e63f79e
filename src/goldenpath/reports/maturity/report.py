"""What every form of the report shows, made once: a review, its gate and its trend, with all words harmless."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from goldenpath.reports.maturity.sanitize import harmless
from goldenpath.review import levels
from goldenpath.review.evidence.signed import Signed
from goldenpath.review.history import Point
from goldenpath.review.insights import Step, next_steps
from goldenpath.review.ratchet import Finding, Kind
from goldenpath.review.result import Result
from goldenpath.review.review import Review
from goldenpath.review.standards.criterion import Part
from goldenpath.review.standards.verdict import Evidence, Status

SIGNS = {
    Status.PASS: "✓",
    Status.FAIL: "✗",
    Status.NOT_APPLICABLE: "○",
    Status.ATTESTED: "✎",
    Status.WAIVED: "◐",
    Status.UNKNOWN: "?",
    Status.ERROR: "!",
}
"""A sign for each status, always shown beside its word."""


@dataclass(frozen=True)
class PartView:
    """One part: its level, the level it could have if all that is unknown were met, and its results by level.

    Attributes:
        name: The part.
        level: Its strict level; None where too few criteria were asked to know.
        possible: The level if everything unknown were met.
        results: Its criteria and verdicts, by level and id.
    """

    name: Part
    level: int | None
    possible: int | None
    results: tuple[Result, ...]

    @property
    def by_level(self) -> dict[int, list[Result]]:
        """Its results for each level that has any."""
        found: dict[int, list[Result]] = {}
        for result in self.results:
            found.setdefault(result.criterion.level, []).append(result)
        return dict(sorted(found.items()))

    @property
    def met(self) -> int:
        """How many of its criteria are met."""
        return sum(map(levels.is_met, self.results))


@dataclass(frozen=True)
class Change:
    """One criterion whose status differs between the base and now."""

    then: Result
    now: Result


@dataclass(frozen=True)
class Report:
    """One product's review and what is shown with it; its words are made harmless as it is made.

    Attributes:
        review: The review.
        findings: What the gate found; None where none was asked.
        base: The commit that the gate held it against; empty without one.
        before: The review of that commit; None without one, or where the product was not there yet.
        trend: The levels of earlier commits, the oldest first.
        root: The product's folder on disk, for relative links.
        forge: Where the repository's files can be seen at this commit, ending in a slash; empty where not known.
        handbook: Where the documents that explain the catalogue can be read, ending in a slash; empty where not known.
        is_dirty: Whether files differ from the commit.
    """

    review: Review
    findings: tuple[Finding, ...] | None = None
    base: str = ""
    before: Review | None = None
    trend: tuple[Point, ...] = ()
    root: Path = field(default_factory=Path)
    forge: str = ""
    handbook: str = ""
    is_dirty: bool = False

    def __post_init__(self) -> None:
        for name in ("review", "findings", "before", "trend"):
            object.__setattr__(self, name, harmless(getattr(self, name)))

    @property
    def name(self) -> str:
        """The product's name."""
        return self.review.name

    @property
    def folder(self) -> str:
        """Its folder in the repository; ``.`` for the root."""
        return self.review.folder

    @property
    def commit(self) -> str:
        """The first nine characters of the commit, with a word where files differ from it."""
        if not self.review.commit:
            return "no commit"
        return f"{self.review.commit[:9]}{' with uncommitted changes' if self.is_dirty else ''}"

    @property
    def level(self) -> int | None:
        """The strict level; None where only a selection was asked, which says nothing about levels."""
        return self.review.level if self.review.complete else None

    @property
    def meaning(self) -> str:
        """What the level means."""
        return "" if self.level is None else levels.MEANINGS[self.level]

    @property
    def next_level(self) -> int | None:
        """The level that the steps lead to; None at the highest, or where there is no level."""
        return None if self.level is None or self.level == levels.HIGHEST else self.level + 1

    @cached_property
    def parts(self) -> tuple[PartView, ...]:
        """Every part of which something was asked."""
        return tuple(view for part in Part if (view := self._part(part)).results)

    @property
    def results(self) -> tuple[Result, ...]:
        """Every criterion and its verdict, by part."""
        return tuple(result for part in self.parts for result in part.results)

    @property
    def counts(self) -> dict[Status, int]:
        """How many criteria have each status; only those that occur, in the order of :class:`Status`."""
        found = Counter(result.status for result in self.results)
        return {status: found[status] for status in Status if found[status]}

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The next steps: what fell back first."""
        known = {result.criterion.id for result in self.review.results}
        fallen = [item.id for item in self.findings or () if item.kind is Kind.FELL_BACK and item.id in known]
        return tuple(next_steps(self.review, fallen))

    @property
    def is_undecided(self) -> bool:
        """Whether the gate found nothing but open questions."""
        return bool(self.findings) and all(item.kind is Kind.UNDECIDED for item in self.findings or ())

    @property
    def signed(self) -> tuple[Signed, ...]:
        """Attestations, then waivers; those that end first come first."""
        return tuple(sorted(self.review.signed, key=lambda entry: (entry.kind, entry.expires or date.min, entry.id)))

    @property
    def changes(self) -> tuple[Change, ...]:
        """The criteria whose status is another than at the base, by part; none without a base."""
        known = {item.criterion.id: item for item in self.before.results} if self.before else {}
        pairs = ((known[item.criterion.id], item) for item in self.results if item.criterion.id in known)
        return tuple(Change(then, now) for then, now in pairs if then.status is not now.status)

    def has(self, path: str) -> bool:
        """Whether there is such a file: evidence also names those that are missing."""
        return bool(path) and os.path.lexists(self.root / path)

    def in_repository(self, path: str) -> str:
        """A path of the product as one of its repository."""
        return path if self.folder == "." else f"{self.folder}/{path}"

    def url(self, path: str, line: int | None = None) -> str:
        """Where a file is seen on the forge; empty where that is not known, or where there is no such file."""
        if not self.forge or not self.has(path):
            return ""
        return f"{self.forge}{quote(self.in_repository(path))}{f'#L{line}' if line else ''}"

    def _part(self, part: Part) -> PartView:
        results = [result for result in self.review.results if result.criterion.part is part]
        results.sort(key=lambda result: (result.criterion.level, result.criterion.id))
        level = self.review.parts[part] if self.review.complete else None
        possible = levels.of_part(self.review.results, part, hopeful=True) if self.review.complete else None
        return PartView(part, level, possible, tuple(results))


def gate_answer(reports: Sequence[Report]) -> str:
    """The gate's answer for all products, in a word; empty where no gate was asked."""
    asked = [report for report in reports if report.findings is not None]
    if not asked:
        return ""
    if any(report.findings and not report.is_undecided for report in asked):
        return "red"
    return "inconclusive" if any(report.findings for report in asked) else "green"


def told_once(facts: Sequence[Evidence], do: str = "") -> tuple[Evidence, ...]:
    """The facts for a reader: without the commands that a later fact, or what is to do, says again.

    Args:
        facts: The facts.
        do: What the reader is told to do beside them.
    """
    kept: list[Evidence] = []
    said = do.replace("`", "")
    for fact in reversed(facts):
        command = fact.command.replace("`", "")
        is_said = bool(command) and bool(re.search(rf"(?<![\w-]){re.escape(command)}(?![\w-])", said))
        kept.append(replace(fact, command="") if is_said else fact)
        said += f"\n{command}"
    return tuple(reversed(kept))
