"""The pull request's gate: nothing that was met at the base may fall back, and no one may soften the judge to pass.

Both sides are judged by the same catalogue. The head's waivers are not counted: a waiver is agreed on by merging it
first, and only then excuses anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from goldenpath.project.exit_codes import Exit
from goldenpath.review import levels
from goldenpath.review.evidence import signed
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.manifest import NAME as MANIFEST
from goldenpath.review.product.product import Product
from goldenpath.review.product.tree import sha256
from goldenpath.review.result import Result
from goldenpath.review.review import Review
from goldenpath.review.standards.verdict import Evidence, Status

MINIMUM_LEVEL = {"dev": 1, "staging": 2, "prod": 3}
"""The level that a product must have before its deployment to an environment may change."""


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
            return Exit.FAILED
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
    findings += _environments(_without_new_waivers(base, head), before, after)
    return Gate(base, head, tuple(findings))


def at_least(head: Review, minimum: int, told: Sequence[Finding] = ()) -> list[Finding]:
    """Hold a product against a minimum level; what is validly waived does not stand in the way.

    Args:
        head: The review.
        minimum: The level asked for.
        told: What the gate found besides: of the criteria named there, only the ids are repeated.
    """
    if head.excused_level >= minimum:
        return []
    blocking = [
        result
        for result in head.results
        if result.criterion.level <= minimum and not levels.is_met(result, excused=True)
    ]
    undecided = all(result.status in (Status.UNKNOWN, Status.ERROR) for result in blocking)
    kind = Kind.UNDECIDED if undecided else Kind.TOO_LOW
    known = {finding.id for finding in told}
    evidence = [
        Evidence(f"{result.criterion.id} {result.status}: {result.verdict.reason}", command=result.criterion.fix)
        for result in blocking
        if result.criterion.id not in known
    ]
    if repeated := [result.criterion.id for result in blocking if result.criterion.id in known]:
        evidence.append(Evidence(f"as told above: {', '.join(repeated)}"))
    return [Finding(kind, f"level {head.excused_level}, want at least {minimum}", evidence=tuple(evidence))]


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
    findings: list[Finding] = []
    try:
        was = before.manifest
    except BrokenFileError:
        return []  # mending it asks for no less than it did
    try:
        now = after.manifest
    except BrokenFileError as error:
        fact = _changed(before, error.reason, error.path, error.line)
        return [Finding(Kind.JUDGE_WEAKENED, "the manifest cannot be used any more", evidence=(fact,))]
    if was.present and not now.present:
        fact = _changed(before, "is gone", MANIFEST)
        return [Finding(Kind.JUDGE_WEAKENED, "the manifest is gone", evidence=(fact,))]
    ranks = {"low": 0, "medium": 1, "high": 2}
    if ranks[now.criticality] < ranks[was.criticality]:
        words = f"criticality falls from {was.criticality} to {now.criticality}: merge that alone, agreed by its owner"
        line = after.line_of(MANIFEST, r"\bcriticality\b")
        findings.append(Finding(Kind.JUDGE_WEAKENED, words, evidence=(_changed(before, words, MANIFEST, line),)))
    fewer = sorted(was.serving - now.serving)
    if fewer:
        words = f"serving no longer names {', '.join(fewer)}, and what is asked of it is no longer asked"
        line = after.line_of(MANIFEST, r"^serving\b")
        findings.append(Finding(Kind.JUDGE_WEAKENED, words, evidence=(_changed(before, words, MANIFEST, line),)))
    findings += _own_signers(before, after)
    return findings


def _own_signers(before: Product, after: Product) -> list[Finding]:
    """Entries that count only because the same change names their signer in ``CODEOWNERS``."""
    known = before.owners.everyone
    kinds: tuple[signed.Kind, ...] = ("attestation", "waiver")
    findings = []
    for kind in kinds:
        try:
            new = [entry for entry in signed.read(after, kind) if not entry.fault and entry.signer not in known]
        except BrokenFileError:
            continue  # nothing in it counts, and every criterion that needs it says so
        for entry in new if before.owners.path else ():
            words = f"the {kind} of {entry.id} is signed by {entry.signer}, whom CODEOWNERS names only with this change"
            fact = _changed(before, "merge that first", after.owners.path)
            findings.append(
                Finding(Kind.JUDGE_WEAKENED, words, evidence=(Evidence("signed", entry.path, entry.line), fact))
            )
    return findings


def _changed(before: Product, words: str, path: str, line: int | None = None) -> Evidence:
    return Evidence(words, path, line, f"git diff {(before.commit or 'HEAD')[:9]} -- {before.prefix}{path}")


def _without_new_waivers(base: Review, head: Review) -> Review:
    """The review of the change, with what it waives itself not excused: a waiver is agreed on by merging it first."""
    agreed = {result.criterion for result in base.results if result.status is Status.WAIVED}
    results = tuple(
        replace(result, verdict=replace(result.verdict, status=Status.FAIL))
        if result.status is Status.WAIVED and result.criterion not in agreed
        else result
        for result in head.results
    )
    return replace(head, results=results)


def _environments(head: Review, before: Product, after: Product) -> list[Finding]:
    findings = []
    for environment, minimum in MINIMUM_LEVEL.items():
        pattern = f"deploy/overlays/{environment}/*"
        touched = [path for path in before.paths | after.paths if fnmatchcase(path, pattern)]
        changed = [path for path in sorted(touched) if sha256(before.tree, path) != sha256(after.tree, path)]
        if changed:
            for finding in at_least(head, minimum):
                words = f"{changed[0]} changes {environment}, which wants level {minimum}; {finding.reason}"
                fact = _changed(before, f"changes {environment}", changed[0])
                findings.append(Finding(finding.kind, words, evidence=(fact, *finding.evidence)))
    return findings
