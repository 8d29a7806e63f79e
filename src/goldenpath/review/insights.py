"""The next five steps: what stands between a product and its next level, the most worthwhile first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from goldenpath.review import levels
from goldenpath.review.evidence.signed import Signed
from goldenpath.review.result import Result
from goldenpath.review.review import Review
from goldenpath.review.standards import criterion
from goldenpath.review.standards.verdict import Evidence, Status

MOST = 5


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Attributes:
        id: The criterion that it meets.
        title: What will hold then.
        why_now: Why it stands where it does in the list.
        do: The command or the file to edit.
        evidence: What is there now.
    """

    id: str
    title: str
    why_now: str
    do: str
    evidence: tuple[Evidence, ...]


def next_steps(review: Review, regressions: Sequence[str] = (), most: int = MOST) -> list[Step]:
    """The steps to the next level: what fell back first, then what ends within 30 days, then what unlocks most.

    What ends soon stands before the blockers only where the level that the product has, or the next one, needs it.

    Args:
        review: The review.
        regressions: Ids of criteria that were met at the base and are not now.
        most: How many.
    """
    steps = [_step(review[name], "was met before this change") for name in regressions]
    ending = [entry for entry in review.signed if entry.ends_soon(review.when)]
    ending.sort(key=lambda entry: str(entry.expires))
    steps += [_renewal(entry) for entry in ending if _level(entry.id) <= review.level + 1]
    blockers = [result for result in review.results if _blocks(review, result)]
    needed_by = {
        result.criterion.id: sum(result.criterion.id in other.criterion.requires for other in blockers)
        for result in blockers
    }
    blockers.sort(
        key=lambda result: (
            result.status in (Status.UNKNOWN, Status.ERROR) and bool(_unmet_needs(review, result)),
            result.criterion.level,
            -(1 + needed_by[result.criterion.id]) / result.criterion.effort.days,
            result.criterion.id,
        )
    )
    steps += [_step(result, f"blocks level {review.level + 1} of {result.criterion.part}") for result in blockers]
    steps += [_renewal(entry) for entry in ending if _level(entry.id) > review.level + 1]
    seen: set[str] = set()
    return [step for step in steps if not (step.id in seen or seen.add(step.id))][:most]  # type: ignore[func-returns-value]


def _blocks(review: Review, result: Result) -> bool:
    return result.criterion.level <= review.level + 1 and not levels.is_met(result)


def _unmet_needs(review: Review, result: Result) -> list[str]:
    known = {other.criterion.id: other for other in review.results}
    return [name for name in result.criterion.requires if name in known and not known[name].status.counts]


def _step(result: Result, why_now: str) -> Step:
    item = result.criterion
    return Step(item.id, item.title, why_now, item.fix, (Evidence(result.verdict.reason), *result.verdict.evidence))


def _renewal(entry: Signed) -> Step:
    title = criterion(entry.id).title if _level(entry.id) <= levels.HIGHEST else entry.id
    command = "attest" if entry.kind == "attestation" else "waive"
    words = f"its {entry.kind} ends on {entry.expires}"
    return Step(
        entry.id, title, words, f"goldenpath {command} {entry.id}", (Evidence(entry.words, entry.path, entry.line),)
    )


def _level(name: str) -> int:
    """The level of a criterion; beyond the highest where there is none of that id."""
    try:
        return criterion(name).level
    except KeyError:
        return levels.HIGHEST + 1
