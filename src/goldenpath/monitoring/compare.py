"""Rows beside the reference: how far each column moved, whether that may be chance, and whether it matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from goldenpath.evaluation import drift_measures as effect
from goldenpath.monitoring import pictures, significance
from goldenpath.monitoring.bin_counts import Tally
from goldenpath.monitoring.pictures import Picture
from goldenpath.pipeline.reference import Column, Numbers, Reference
from goldenpath.project.params import Drift, Limits
from goldenpath.reports import formatting

Verdict = Literal["ok", "moved", "alarm"]
ORDER: tuple[Verdict, ...] = ("ok", "moved", "alarm")
MOST_NAMES = 5


@dataclass(frozen=True)
class Move:
    """How far one column moved.

    Attributes:
        column: Its name.
        kind: ``number`` or ``category``.
        verdict: What its limits say.
        why: Which limits it is beyond, in words.
        rows: Rows now.
        psi: Population stability index.
        distance: Kolmogorov-Smirnov distance of numbers, missing values left out; total variation of categories.
        p_value: How likely chance alone moves the column as far.
        p_adjusted: The same, corrected for the number of columns.
        missing_before: Share of missing values in the reference.
        missing_after: Share of missing values now.
        unseen: Share of categories beyond what the reference has of categories without a bin; 0 for numbers.
        unseen_values: The most frequent of them, where the reference knows all.
        below: Share of numbers below all of the reference's is told by the least of them, where it is lower.
        above: The largest number now, where it is above all of the reference's.
        importance: Share of the importance of all columns.
        picture: Both distributions.
    """

    column: str
    kind: Literal["number", "category"]
    verdict: Verdict
    why: tuple[str, ...]
    rows: int
    psi: float
    distance: float
    p_value: float
    p_adjusted: float
    missing_before: float
    missing_after: float
    unseen: float
    unseen_values: tuple[str, ...]
    below: float | None
    above: float | None
    importance: float
    picture: Picture


@dataclass(frozen=True)
class Overall:
    """What all columns together say.

    Attributes:
        verdict: The verdict; ``inconclusive`` where there were too few rows.
        reasons: Why, in sentences.
        alarm_share: Importance of the columns in alarm, as a share of all.
        moved_share: The same of those that moved at all.
    """

    verdict: Verdict | Literal["inconclusive"]
    reasons: tuple[str, ...]
    alarm_share: float
    moved_share: float


@dataclass(frozen=True)
class Comparison:
    """The outcome.

    Attributes:
        rows: Rows now.
        overall: What it comes to.
        columns: The model's inputs, those that moved farthest first.
        predictions: Score and decision, where the rows hold them.
        not_compared: Inputs that are personal, or that the rows do not hold.
    """

    rows: int
    overall: Overall
    columns: tuple[Move, ...]
    predictions: tuple[Move, ...]
    not_compared: tuple[str, ...]


def compare(known: Reference, found: Mapping[str, Tally], limits: Drift) -> Comparison:
    """Compare what was counted with the reference.

    Args:
        known: The reference.
        found: By column; see :func:`bin_counts.count`. Columns that were not counted are told.
        limits: From where on a move counts.
    """
    weights = _weights(known)
    columns = [_move(name, known.columns[name], found[name], weights[name]) for name in known.columns if name in found]
    predictions = [
        _move(name, known.predictions[name], found[name], 0.0) for name in known.predictions if name in found
    ]
    corrected = significance.adjusted([move.p_value for move in (*columns, *predictions)])
    judged = [
        _judged(replace(move, p_adjusted=value), limits)
        for move, value in zip((*columns, *predictions), corrected, strict=True)
    ]
    moves, own = judged[: len(columns)], [_unless_few(move, limits) for move in judged[len(columns) :]]
    rows = max((tally.rows for tally in found.values()), default=0)
    return Comparison(
        rows=rows,
        overall=_overall(rows, moves, own, limits),
        columns=tuple(sorted(moves, key=lambda move: (-ORDER.index(move.verdict), -move.psi))),
        predictions=tuple(own),
        not_compared=tuple(name for name in known.columns if name not in found),
    )


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst of several verdicts; ``ok`` of none."""
    return ORDER[max((ORDER.index(verdict) for verdict in verdicts), default=0)]


def _weights(known: Reference) -> dict[str, float]:
    """Importance as a share; what shuffling made better by chance has none, and where none has any, all are alike."""
    raw = {name: max(0.0, column.importance) for name, column in known.columns.items()}
    total = sum(raw.values())
    return {name: value / total if total else 1 / len(raw) for name, value in raw.items()}


def _move(name: str, column: Column, tally: Tally, weight: float) -> Move:
    before, after = _bins(column, tally)
    found = effect.between(before, after)
    gone = np.array([before[-1], before.sum() - before[-1]]), np.array([after[-1], after.sum() - after[-1]])
    if isinstance(column, Numbers):
        fine = column.counts.astype(np.float64), tally.counts.astype(np.float64)
        distance = effect.kolmogorov_smirnov(*fine)
        chance = significance.of_numbers(distance, fine[0].sum(), fine[1].sum())
        p_value = significance.either([chance, significance.of_counts(*gone)])
        picture = pictures.of_numbers(column, tally)
    else:
        # Among many categories a new one drowns in the bin of the rest, so it is also tested alone.
        strange = (
            np.array([column.rest, column.rows - column.rest]),
            np.array([tally.unknown, tally.rows - tally.unknown]),
        )
        distance = found.total_variation
        p_value = significance.either([significance.of_counts(before, after), significance.of_counts(*strange)])
        picture = pictures.of_categories(column, tally)
    return Move(
        column=name,
        kind="number" if isinstance(column, Numbers) else "category",
        verdict="ok",
        why=(),
        rows=tally.rows,
        psi=found.psi,
        distance=distance,
        p_value=p_value,
        p_adjusted=p_value,
        missing_before=found.missing_before,
        missing_after=found.missing_after,
        unseen=_unseen(column, tally),
        unseen_values=_unseen_values(column, tally),
        below=tally.minimum if _is_less(tally.minimum, getattr(column, "minimum", None)) else None,
        above=tally.maximum if _is_less(getattr(column, "maximum", None), tally.maximum) else None,
        importance=weight,
        picture=picture,
    )


def _bins(column: Column, tally: Tally) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows of the reference and of now in the bins of the stability index; missing values are the last."""
    if isinstance(column, Numbers):
        starts = [0, *(place + 1 for place in column.deciles)]
        parts = [np.add.reduceat(counts, starts) for counts in (column.counts, tally.counts)]
        lost = column.missing, tally.missing
        return tuple(np.append(part, gone).astype(float) for part, gone in zip(parts, lost, strict=True))  # type: ignore[return-value]
    named = column.known[: effect.MOST_CATEGORIES]
    before = [column.values[name] for name in named]
    after = [tally.categories[name] for name in named]
    return tuple(  # type: ignore[return-value]
        np.array([*part, total - missing - sum(part), missing], dtype=float)
        for part, total, missing in ((before, column.rows, column.missing), (after, tally.rows, tally.missing))
    )


def _unseen(column: Column, tally: Tally) -> float:
    if isinstance(column, Numbers) or not tally.rows:
        return 0.0
    return max(0.0, tally.unknown / tally.rows - column.rest / column.rows)


def _unseen_values(column: Column, tally: Tally) -> tuple[str, ...]:
    if isinstance(column, Numbers) or column.rest:
        return ()
    return tuple(sorted(tally.strange, key=lambda name: (-tally.strange[name], name))[:MOST_NAMES])


def _is_less(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and np.isfinite(one) and np.isfinite(other) and one < other


def _judged(move: Move, limits: Drift) -> Move:
    measured = (
        ("PSI", move.psi, limits.psi),
        ("distance", move.distance, limits.distance),
        ("share of missing values", abs(move.missing_after - move.missing_before), limits.missing),
        ("share of unseen categories", move.unseen, limits.unseen),
    )
    beyond = [(name, value, limit, _level(value, limit)) for name, value, limit in measured]
    verdict = worst([level for *_, level in beyond])
    if verdict == "ok":
        return move
    if move.p_adjusted >= limits.significance:
        return replace(move, why=(f"may be chance (p = {move.p_adjusted:.2g})",))
    why = tuple(
        f"{name} {value:.3g}, limit {limit.alarm if level == 'alarm' else limit.moved:g}"
        for name, value, limit, level in beyond
        if level == verdict
    )
    return replace(move, verdict=verdict, why=why)


def _unless_few(move: Move, limits: Drift) -> Move:
    """Predictions may be far fewer than rows, soon after a new model has begun to give them."""
    if move.rows >= limits.min_rows:
        return move
    return replace(move, verdict="ok", why=(f"{move.rows:,} predictions of this model are too few to say anything",))


def _level(value: float, limit: Limits) -> Verdict:
    return "alarm" if value > limit.alarm else "moved" if value > limit.moved else "ok"


def _overall(rows: int, columns: list[Move], predictions: list[Move], limits: Drift) -> Overall:
    shares = [sum(move.importance for move in columns if move.verdict in among) for among in (("alarm",), ORDER[1:])]
    alarm, moved = (min(1.0, share) for share in shares)
    if rows < limits.min_rows or not columns:
        few = f"{rows:,} rows are too few to say anything: monitoring.drift.min_rows is {limits.min_rows:,}."
        return Overall("inconclusive", (few,), alarm, moved)
    by_share: Verdict = "alarm" if alarm > limits.overall.alarm else "moved" if moved > limits.overall.moved else "ok"
    reasons = []
    if by_share != "ok":
        among, share, limit = (
            (("alarm",), alarm, limits.overall.alarm)
            if by_share == "alarm"
            else (ORDER[1:], moved, limits.overall.moved)
        )
        ranked = sorted((move for move in columns if move.verdict in among), key=lambda move: -move.importance)
        names = formatting.listed([move.column for move in ranked])
        what = "are in alarm" if by_share == "alarm" else "moved"
        reasons.append(f"Inputs that hold {share:.0%} of the importance {what}, limit {limit:.0%}: {names}.")
    reasons += [
        f"The {move.column} of the predictions: {'; '.join(move.why)}." for move in predictions if move.verdict != "ok"
    ]
    return Overall(worst([by_share, *(move.verdict for move in predictions)]), tuple(reasons), alarm, moved)
