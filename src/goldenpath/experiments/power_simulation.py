"""How often verdicts err when somebody looks at every step.

Draws experiments whose true gain is known and looks at each after every unit, or every day where units come back;
beside it the t-test of a fixed sample, which is right at one look and looked at as often.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from goldenpath.experiments import confidence_sequences, verdict

ALPHA = 0.05
FIRST_LOOK = 100
"""Units of each variant before the first look: ten times fewer than a plan asks for unless it says otherwise."""
COSTS, CHANCES = np.array([0.0, 12.0, 60.0]), np.array([0.75, 0.17, 0.08])
"""What a prediction costs: mostly nothing, sometimes a little, rarely much, as in the sample's ``cost_per_row``."""
SPREAD = float(np.sqrt(CHANCES @ COSTS**2 - (CHANCES @ COSTS) ** 2))
BATCH = 50
SEED = 20130101

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rates:
    """What became of the drawn experiments.

    Attributes:
        promoted: Share that was promoted at some look.
        stopped: Share that was stopped at some look before that.
        missed: Share whose interval missed the true gain at any look.
        naive: Share in which the t-test of a fixed sample saw a difference at any look.
        median_look: Units, or days, at which half of them were decided; None where fewer were.
    """

    promoted: float
    stopped: float
    missed: float
    naive: float
    median_look: int | None


def measure(runs: int, looks: int, effect: float, *, days: bool = False, alpha: float = ALPHA) -> Rates:
    """Draw experiments and look at each at every step.

    Args:
        runs: How many.
        looks: How many times each is looked at: pairs of units, or days on which the same 400 units come back.
        effect: The true gain, in minimum effects.
        days: Whether units come back.
        alpha: How often an interval may miss the true gain.
    """
    generator = np.random.default_rng(SEED)
    minimum = _minimum(looks, days)
    decided, at, missed, naive = [], [], [], []
    drawn = _returning if days else _once
    for size in _batches(runs):
        value, error = drawn(generator, size, looks, effect * minimum)
        start = 1 if days else FIRST_LOOK
        value, error = value[:, start:], error[:, start:]
        width = confidence_sequences.half_width(error, alpha, minimum)
        reading = verdict.shown(value, width, minimum)
        is_decided = reading != verdict.GO_ON
        first = np.where(is_decided.any(axis=1), is_decided.argmax(axis=1), -1)
        decided.append(np.where(first >= 0, reading[np.arange(size), first], verdict.GO_ON))
        at.append(np.where(first >= 0, first + start + 1, np.iinfo(np.int64).max))
        missed.append((np.abs(value - effect * minimum) > width).any(axis=1))
        naive.append((np.abs(value) > norm.ppf(1 - alpha / 2) * error).any(axis=1))
    outcome, look = np.concatenate(decided), int(np.median(np.concatenate(at)))
    return Rates(
        promoted=float((outcome == verdict.PROMOTE).mean()),
        stopped=float((outcome == verdict.STOP).mean()),
        missed=float(np.concatenate(missed).mean()),
        naive=float(np.concatenate(naive).mean()),
        median_look=look if look <= looks else None,
    )


def table(runs: int) -> str:
    """The table of the documents, as Markdown."""
    names = ["units", "looks", "true gain, in minimum effects", "promoted", "stopped", "interval missed it"]
    names += ["t-test saw a difference", "half decided after"]
    lines = [f"| {' | '.join(names)} |", f"| --- {'| ---: ' * (len(names) - 1)}|"]
    for days, looks in ((False, 10_000), (True, 60)):
        for effect in (0.0, 0.5, 1.0, 2.0, -1.0):
            found = measure(runs, looks, effect, days=days)
            unit = "days" if days else "pairs"
            after = "" if found.median_look is None else f"{found.median_look:,} {unit}"
            lines.append(
                f"| {'400 come back daily' if days else 'each comes once'} | {looks:,} | {effect:g} "
                f"| {found.promoted:.1%} | {found.stopped:.1%} | {found.missed:.1%} | {found.naive:.1%} | {after} |"
            )
    return "\n".join(lines)


def _minimum(looks: int, days: bool) -> float:
    """A minimum effect that the interval reaches at two thirds of the looks."""
    spread = SPREAD * np.sqrt(2 / (looks * 2 / 3)) if not days else _DAILY_ERROR
    return float(spread * 1 / confidence_sequences.error_at_aim(ALPHA, 1.0))


def _once(generator: np.random.Generator, runs: int, looks: int, effect: float) -> tuple[Floats, Floats]:
    """Estimates and standard errors after each pair of units: one of the champion, one of the challenger."""
    count = np.arange(1, looks + 1)
    mean, variance = np.zeros((runs, looks)), np.zeros((runs, looks))
    for sign in (1, -1):
        cost = generator.choice(COSTS, size=(runs, looks), p=CHANCES) - (effect if sign < 0 else 0.0)
        average = cost.cumsum(axis=1) / count
        variance += (np.square(cost).cumsum(axis=1) / count - average**2) / count
        mean += sign * average
    return mean, np.sqrt(np.maximum(variance, 0.0))


_UNITS = 400
_DAILY_ERROR = SPREAD * 1.2 * np.sqrt(2 / (_UNITS / 2)) / 2


def _returning(generator: np.random.Generator, runs: int, looks: int, effect: float) -> tuple[Floats, Floats]:
    """Estimates and standard errors after each day, of units that come about twice a day and differ from each other."""
    half = _UNITS // 2
    mean, variance = np.zeros((runs, looks)), np.zeros((runs, looks))
    for sign in (1, -1):
        own = generator.normal(0, SPREAD / 2, size=(runs, half, 1))
        rows = generator.poisson(2.0, size=(runs, half, looks)).astype(np.float64)
        noise = generator.normal(0, SPREAD, size=rows.shape) * np.sqrt(rows)
        cost = (rows * (own - (effect if sign < 0 else 0.0)) + noise).cumsum(axis=2)
        total = rows.cumsum(axis=2)
        average = cost.sum(axis=1) / total.sum(axis=1)
        apart = cost - average[:, None, :] * total
        variance += np.square(apart).sum(axis=1) / total.sum(axis=1) ** 2
        mean += sign * average
    return mean, np.sqrt(variance)


def _batches(runs: int) -> Iterator[int]:
    for start in range(0, runs, BATCH):
        yield min(BATCH, runs - start)
