"""What every form of the report shows, made once: a review, its gate, and the words of strangers made harmless.

Names and texts of a repository may hold what a terminal, an XML parser or a reader's eye would take for something else:
escape sequences, bytes that are no UTF-8, marks that turn the direction of writing. They are made visible here, so that
a form needs only to escape what is special in its own language.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from goldenpath.review import levels
from goldenpath.review.insights import Step, next_steps
from goldenpath.review.ratchet import Finding, Kind
from goldenpath.review.review import Result, Review
from goldenpath.standards.criterion import Criterion, Part
from goldenpath.standards.verdict import Evidence, Status

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

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


def plain(text: str) -> str:
    """One line of text with everything in it visible: controls as escapes, other white space as one space."""
    return " ".join(_UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text).split())


@dataclass(frozen=True)
class Fact:
    """One piece of evidence, harmless.

    Attributes:
        text: The fact in words.
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
class Row:
    """One criterion with its verdict.

    Attributes:
        criterion: The criterion.
        status: The outcome.
        is_met: Whether it counts towards the level.
        reason: Why, in one sentence.
        facts: The evidence.
    """

    criterion: type[Criterion]
    status: Status
    is_met: bool
    reason: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class PartView:
    """One part: its level, the level it could have if all that is unknown were met, and its rows by level.

    Attributes:
        name: The part.
        level: Its strict level; None where too few criteria were asked to know.
        possible: The level if everything unknown were met.
        rows: Its criteria, by level and id.
    """

    name: Part
    level: int | None
    possible: int | None
    rows: tuple[Row, ...]

    @property
    def by_level(self) -> dict[int, list[Row]]:
        """Its rows for each level that has any."""
        found: dict[int, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.criterion.level, []).append(row)
        return dict(sorted(found.items()))

    @property
    def met(self) -> int:
        """How many of its rows are met."""
        return sum(row.is_met for row in self.rows)


@dataclass(frozen=True)
class StepView:
    """One proposed step: what will hold, why now, what to do, and what is there now."""

    id: str
    title: str
    why_now: str
    do: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class FindingView:
    """One reason for the gate's red, or for no answer."""

    kind: Kind
    id: str
    reason: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class SignedView:
    """One attestation or waiver; ``fault`` says why it does not count, and is empty where it does."""

    kind: str
    id: str
    signer: str
    words: str
    when: date | None
    expires: date | None
    link: str
    path: str
    line: int | None
    fault: str
    ends_soon: bool

    @property
    def place(self) -> str:
        """``file:line``, or the file."""
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True)
class Point:
    """The level at one commit of the history.

    Attributes:
        commit: The commit's id.
        when: The day of the commit.
        subject: Its subject.
        level: The product's strict level.
        gained: Ids of the criteria that became met with it.
        lost: Ids of those that are no longer met since.
    """

    commit: str
    when: date
    subject: str
    level: int
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The subject, harmless."""
        return plain(self.subject)


@dataclass(frozen=True)
class Report:
    """One product's review and what is shown with it.

    Attributes:
        review: The review.
        findings: What the gate found; None where none was asked.
        base: The commit that the gate held it against; empty without one.
        trend: The levels of earlier commits, the oldest first.
        root: The product's folder on disk, for relative links.
        forge: Where the repository's files can be seen at this commit, ending in a slash; empty where not known.
        is_dirty: Whether files differ from the commit.
    """

    review: Review
    findings: tuple[Finding, ...] | None = None
    base: str = ""
    trend: tuple[Point, ...] = ()
    root: Path = field(default_factory=Path)
    forge: str = ""
    is_dirty: bool = False

    @property
    def name(self) -> str:
        """The product's name."""
        return plain(self.review.name)

    @property
    def folder(self) -> str:
        """Its folder in the repository; ``.`` for the root."""
        return plain(self.review.folder)

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
        return tuple(view for part in Part if (view := self._part(part)).rows)

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row, by part."""
        return tuple(row for part in self.parts for row in part.rows)

    @property
    def counts(self) -> dict[Status, int]:
        """How many criteria have each status; only those that occur, in the order of :class:`Status`."""
        found = Counter(row.status for row in self.rows)
        return {status: found[status] for status in Status if found[status]}

    @cached_property
    def steps(self) -> tuple[StepView, ...]:
        """The next steps: what fell back first."""
        known = {result.criterion.id for result in self.review.results}
        fallen = [item.id for item in self.findings or () if item.kind is Kind.FELL_BACK and item.id in known]
        return tuple(map(_step, next_steps(self.review, fallen)))

    @property
    def gate(self) -> tuple[FindingView, ...]:
        """What the gate found, harmless."""
        return tuple(
            FindingView(item.kind, item.id, plain(item.reason), _facts(item.evidence)) for item in self.findings or ()
        )

    @property
    def is_undecided(self) -> bool:
        """Whether the gate found nothing but open questions."""
        return bool(self.findings) and all(item.kind is Kind.UNDECIDED for item in self.findings or ())

    @property
    def signed(self) -> tuple[SignedView, ...]:
        """Attestations and waivers, harmless; those that end first come first."""
        entries = sorted(self.review.signed, key=lambda entry: (entry.kind, entry.expires or date.min, entry.id))
        return tuple(
            SignedView(
                entry.kind,
                plain(entry.id),
                plain(entry.signer),
                plain(entry.words),
                entry.when,
                entry.expires,
                plain(entry.link),
                entry.path,
                entry.line,
                plain(entry.fault),
                entry.ends_soon(self.review.when),
            )
            for entry in entries
        )

    @property
    def bad_receipts(self) -> tuple[str, ...]:
        """Lines of the notes that are no receipts."""
        return tuple(map(plain, self.review.bad_receipts))

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
        return PartView(part, level, possible, tuple(map(_row, results)))


def web_link(text: str) -> str:
    """The text where it is a link that a page may carry, else nothing: a repository may hold ``javascript:`` ones."""
    return text if re.fullmatch(r"https?://[^\s\"'<>`\\]+", text) else ""


def forge_of(remote: str, commit: str | None, environment: Mapping[str, str]) -> str:
    """Where the files of a commit can be seen, ending in a slash; empty where that cannot be told.

    Args:
        remote: The address of the git remote, in any of git's forms.
        commit: The commit.
        environment: What the CI system says of itself (``GITHUB_SERVER_URL`` and ``GITHUB_REPOSITORY``).
    """
    if not commit:
        return ""
    server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    if server and repository:
        return web_link(f"{server}/{repository}/blob/{commit}/")
    # What stands before an @ may be a password.
    found = re.fullmatch(
        r"(?:(?:https?|ssh|git)://(?:[^/@]*@)?([\w.-]+)(?::\d+)?/|(?:[\w.-]+@)?([\w-]+\.[\w.-]+):(?!//))(.+?)(?:\.git)?/?",
        remote.strip(),
    )
    if found is None:
        return ""
    host, path = found[1] or found[2], found[3].strip("/")
    view = "-/blob" if "gitlab" in host else "src" if "bitbucket" in host else "blob"
    return web_link(f"https://{host}/{path}/{view}/{commit}/")


def gate_answer(reports: Sequence[Report]) -> str:
    """The gate's answer for all products, in a word; empty where no gate was asked."""
    asked = [report for report in reports if report.findings is not None]
    if not asked:
        return ""
    if any(report.findings and not report.is_undecided for report in asked):
        return "red"
    return "inconclusive" if any(report.findings for report in asked) else "green"


def _row(result: Result) -> Row:
    verdict = result.verdict
    return Row(result.criterion, result.status, levels.is_met(result), plain(verdict.reason), _facts(verdict.evidence))


def _step(step: Step) -> StepView:
    return StepView(plain(step.id), plain(step.title), plain(step.why_now), plain(step.do), _facts(step.evidence))


def _facts(evidence: Sequence[Evidence]) -> tuple[Fact, ...]:
    return tuple(Fact(plain(item.text), plain(item.path), item.line, plain(item.command)) for item in evidence)
