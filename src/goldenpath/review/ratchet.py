"""The pull request's gate: nothing that was met at the base may fall back, and no one may soften the judge to pass.

Both sides are judged by the same catalogue. The head's waivers are not counted: a waiver is agreed on by merging it
first, and only then excuses anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from fnmatch import fnmatchcase

from goldenpath.product.errors import BrokenFileError
from goldenpath.product.product import Product
from goldenpath.review import levels
from goldenpath.review.review import Result, Review
from goldenpath.standards.verdict import Evidence, Status

MINIMUM_LEVEL = {"dev": 1, "staging": 2, "prod": 3}
"""The level that a product must have before its deployment to an environment may change."""


class Exit(IntEnum):
    """Exit codes of the gate."""

    OK = 0
    REGRESSION = 1
    USAGE = 2
    INCONCLUSIVE = 3


class Kind(StrEnum):
    """What the gate found."""

    FELL_BACK = "fell back"
    LEVEL_FELL = "level fell"
    TOO_LOW = "level too low"
    JUDGE_WEAKENED = "judge weakened"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Finding:
    """One reason for red, or for no answer.

    Attributes:
        kind: What happened.
        id: The criterion; empty where it is about the level or the judge.
        reason: In words.
        evidence: Where, and what to run.
    """

    kind: Kind
    reason: str
    id: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Gate:
    """The answer: all findings, and the exit code that follows."""

    base: Review | None
    head: Review
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> Exit:
        """A regression weighs more than an open question."""
        kinds = {finding.kind for finding in self.findings}
        if kinds - {Kind.UNDECIDED}:
            return Exit.REGRESSION
        return Exit.INCONCLUSIVE if kinds else Exit.OK

    @property
    def regressions(self) -> tuple[str, ...]:
        """The criteria that fell back."""
        return tuple(finding.id for finding in self.findings if finding.kind is Kind.FELL_BACK)


def compare(base: Review, head: Review, before: Product, after: Product) -> Gate:
    """Hold a product against its base.

    Args:
        base: The review of the base.
        head: The review of the change.
        before: The product at the base.
        after: The product with the change.
    """
    findings = []
    for result in head.results:
        then = next((other for other in base.results if other.criterion is result.criterion), None)
        if then is not None and then.status.counts and not result.status.counts:
            findings.append(_fallen(result, then))
    if head.complete and head.level < base.level and not _explained(findings):
        findings.append(Finding(Kind.LEVEL_FELL, f"the level falls from {base.level} to {head.level}"))
    findings += _weakened(before, after)
    findings += _environments(head, before, after)
    return Gate(base, head, tuple(findings))


def at_least(head: Review, minimum: int) -> list[Finding]:
    """Hold a product against a minimum level; what is validly waived does not stand in the way."""
    if head.excused_level >= minimum:
        return []
    blocking = [
        result
        for result in head.results
        if result.criterion.level <= minimum and not levels.is_met(result, excused=True)
    ]
    undecided = all(result.status in (Status.UNKNOWN, Status.ERROR) for result in blocking)
    kind = Kind.UNDECIDED if undecided else Kind.TOO_LOW
    evidence = tuple(
        Evidence(f"{result.criterion.id} {result.status}: {result.verdict.reason}", command=result.criterion.fix)
        for result in blocking
    )
    return [Finding(kind, f"level {head.excused_level}, want at least {minimum}", evidence=evidence)]


def _fallen(result: Result, then: Result) -> Finding:
    item = result.criterion
    undecided = result.status in (Status.UNKNOWN, Status.ERROR)
    kind = Kind.UNDECIDED if undecided else Kind.FELL_BACK
    reason = f"{item.title}: {then.status} at the base, {result.status} now: {result.verdict.reason}"
    return Finding(kind, reason, item.id, (*result.verdict.evidence, Evidence("the way back", command=item.fix)))


def _explained(findings: list[Finding]) -> bool:
    return any(finding.kind in (Kind.FELL_BACK, Kind.UNDECIDED) for finding in findings)


def _weakened(before: Product, after: Product) -> list[Finding]:
    """Ways of passing by asking for less."""
    findings = []
    try:
        was = before.manifest
    except BrokenFileError:
        return []  # mending it asks for no less than it did
    try:
        now = after.manifest
    except BrokenFileError as error:
        fact = Evidence(error.reason, error.path, error.line)
        return [Finding(Kind.JUDGE_WEAKENED, "the manifest cannot be used any more", evidence=(fact,))]
    if was.present and not now.present:
        findings.append(Finding(Kind.JUDGE_WEAKENED, "the manifest is gone", evidence=(Evidence("golden-path.yaml"),)))
        return findings
    ranks = {"low": 0, "medium": 1, "high": 2}
    if ranks[now.criticality] < ranks[was.criticality]:
        words = f"criticality falls from {was.criticality} to {now.criticality}: merge that alone, agreed by its owner"
        line = after.line_of("golden-path.yaml", r"\bcriticality\b")
        findings.append(Finding(Kind.JUDGE_WEAKENED, words, evidence=(Evidence(words, "golden-path.yaml", line),)))
    fewer = sorted(was.serving - now.serving)
    if fewer:
        words = f"serving no longer names {', '.join(fewer)}, and what is asked of it is no longer asked"
        line = after.line_of("golden-path.yaml", r"^serving\b")
        findings.append(Finding(Kind.JUDGE_WEAKENED, words, evidence=(Evidence(words, "golden-path.yaml", line),)))
    return findings


def _environments(head: Review, before: Product, after: Product) -> list[Finding]:
    findings = []
    for environment, minimum in MINIMUM_LEVEL.items():
        pattern = f"deploy/overlays/{environment}/*"
        touched = [path for path in before.paths | after.paths if fnmatchcase(path, pattern)]
        changed = [path for path in touched if before.tree.read(path) != after.tree.read(path)]
        if changed:
            for finding in at_least(head, minimum):
                words = f"{changed[0]} changes {environment}, which wants level {minimum}; {finding.reason}"
                findings.append(Finding(finding.kind, words, evidence=finding.evidence))
    return findings
