"""Whether the experiment may end, and how: promote, stop, go on; or void, where the comparison itself is spoiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Decision = Literal["promote", "stop", "go on", "void"]
State = Literal["kept", "broken", "unknown"]

PROMOTE, STOP, GO_ON = 1, -1, 0


@dataclass(frozen=True)
class Gain:
    """How much better the challenger is, in the metric's unit; above zero is better, whatever the metric counts.

    Attributes:
        name: The metric's name.
        champion: The champion's metric; None where it is not defined.
        challenger: The challenger's.
        value: The gain.
        low: Lower end of its confidence sequence; None where too few units tell.
        high: Upper end.
        units: Units that champion and challenger have served and whose label is known.
    """

    name: str
    champion: float | None
    challenger: float | None
    value: float | None
    low: float | None
    high: float | None
    units: tuple[int, int]


@dataclass(frozen=True)
class Guardrail:
    """Something that a better metric must not be paid with.

    Attributes:
        name: What the plan calls it.
        label: What is watched, in words.
        champion: The champion's figure, in words.
        challenger: The challenger's.
        limit: What it has to keep, in words.
        found: By how much it differs, with its interval, in words.
        state: ``broken`` only where the whole interval is beyond the limit.
    """

    name: str
    label: str
    champion: str
    challenger: str
    limit: str
    found: str = ""
    state: State = "unknown"


@dataclass(frozen=True)
class Verdict:
    """What is decided, and why, the weightiest reason first."""

    decision: Decision
    reasons: tuple[str, ...]


def shown(value: ArrayLike, width: ArrayLike, minimum: float) -> NDArray[np.int8]:
    """What gains say by themselves: :data:`PROMOTE`, :data:`STOP` or :data:`GO_ON`.

    A gain is shown where the whole interval lies above zero and the estimate reaches the smallest effect of interest;
    that there is none worth having, where the whole interval lies below that effect.

    Args:
        value: The gain at each look.
        width: The half-width of its confidence sequence.
        minimum: The smallest effect of interest.
    """
    value, width = np.asarray(value, dtype=np.float64), np.asarray(width, dtype=np.float64)
    is_better = (value - width > 0) & (value >= minimum)
    is_futile = value + width < minimum
    return np.where(is_better, PROMOTE, np.where(is_futile, STOP, GO_ON)).astype(np.int8)


def judge(
    gain: Gain,
    minimum: float,
    guardrails: Sequence[Guardrail],
    *,
    spoiled: Sequence[str],
    lacking: str,
    is_over: bool,
) -> Verdict:
    """Decide.

    Args:
        gain: Of the metric that decides.
        minimum: The smallest effect of interest.
        guardrails: What is watched beside it.
        spoiled: Why the comparison is none; empty where it is one.
        lacking: What the smallest sample lacks; empty where it is reached.
        is_over: Whether the stop of the plan has come.
    """
    if spoiled:
        return Verdict("void", tuple(spoiled))
    broken = [f"{item.label}: {item.found}; the limit: {item.limit}." for item in guardrails if item.state == "broken"]
    if lacking or gain.value is None or gain.low is None or gain.high is None:
        reason = lacking or "The metric is not defined yet: one of the variants lacks predictions that it needs."
        if is_over:
            return Verdict("stop", ("The stop of the plan has come before anything could be shown.", reason))
        return Verdict("go on", (reason,))
    reading = int(shown(gain.value, (gain.high - gain.low) / 2, minimum))
    if reading == STOP:
        is_worse = gain.high < 0
        words = "below zero: the challenger is worse" if is_worse else "below the minimum effect: no gain worth having"
        return Verdict("stop", (f"The whole interval lies {words}.", *broken))
    if broken:
        return Verdict("stop", tuple(broken))
    if reading == PROMOTE:
        return Verdict("promote", ("The whole interval lies above zero, and the gain reaches the minimum effect.",))
    if is_over:
        return Verdict("stop", ("The stop of the plan has come, and no gain was shown.",))
    return Verdict("go on", ("The interval still reaches the minimum effect, and such a gain is not shown.",))
