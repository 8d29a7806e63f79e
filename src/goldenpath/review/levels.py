"""Levels 0-4, derived from verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from goldenpath.review.standards.criterion import Part
from goldenpath.review.standards.verdict import Status

if TYPE_CHECKING:
    from goldenpath.review.result import Result

HIGHEST = 4
MEANINGS = {
    0: "A model in a notebook.",
    1: "DevOps, but no MLOps: artifacts are thrown over the fence.",
    2: "Training is automated, and not attached to deployment.",
    3: "Training and deployment are automated.",
    4: "Monitoring is central, and A/B tests are standard.",
}


def is_met(result: Result, *, excused: bool = False, hopeful: bool = False) -> bool:
    """Whether a criterion counts towards a level.

    Args:
        result: The criterion and its verdict.
        excused: Count what is validly waived.
        hopeful: Count what is not known.
    """
    if result.status is Status.ATTESTED and result.criterion.is_anchor:
        return False
    if excused and result.status is Status.WAIVED:
        return True
    if hopeful and result.status in (Status.UNKNOWN, Status.ERROR):
        return True
    return result.status.counts


def of_part(results: Iterable[Result], part: Part, *, excused: bool = False, hopeful: bool = False) -> int:
    """The highest level up to which every criterion of a part is met; 0 where even level 0 or 1 is not."""
    unmet = [
        result.criterion.level
        for result in results
        if result.criterion.part is part and not is_met(result, excused=excused, hopeful=hopeful)
    ]
    return max(0, min(unmet, default=HIGHEST + 1) - 1)
