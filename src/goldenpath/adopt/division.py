"""How the rows will be divided into train, validation and test, and whether that can work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from goldenpath.adopt.assignment import Assignment
from goldenpath.adopt.errors import AdoptError
from goldenpath.adopt.target import FEW_ROWS, Target

LEAST_ENTITIES = 20
"""Whole entities are held out: with fewer, a held-out part would be one or two of them."""

LEAST_MOMENTS = 3
"""Rows of one timestamp stay together, and each of the three parts needs one."""

SHARES = (0.1, 0.15, 0.2, 0.25, 0.3)
"""Shares to hold out, twice: larger ones than usual where few timestamps, such as years, leave no other cut."""


@dataclass(frozen=True)
class Division:
    """How to divide the rows.

    Attributes:
        by: What keeps the parts apart.
        share: The share of the rows for validation, and again for the test.
    """

    by: Literal["time", "entity", "random"]
    share: float


def division(usable: pd.DataFrame, named: Assignment, target: Target) -> Division:
    """Divide by time where a time was named, else by entity, else at random.

    Args:
        usable: The rows that have a target, a time and an entity.
        named: The columns that were named.
        target: What is predicted.

    Raises:
        AdoptError: A part would be empty, or would hold one class only.
    """
    usual = 0.2 if len(usable) < FEW_ROWS else 0.1
    if named.time:
        return Division("time", _share_by_time(usable, named.time, target, usual))
    if named.entity:
        _refuse_few_entities(usable, named.entity)
        return Division("entity", usual)
    return Division("random", usual)


def _refuse_few_entities(usable: pd.DataFrame, entity: str) -> None:
    found = usable[entity].nunique()
    if found < LEAST_ENTITIES:
        raise AdoptError(
            f"--entity {entity}: has {found} different values, want at least {LEAST_ENTITIES}: whole entities are "
            "held out, and so few would judge nothing. Leave --entity away, or name another column."
        )


def _share_by_time(usable: pd.DataFrame, time: str, target: Target, usual: float) -> float:
    """The usual share, or the next larger one with which every part can be learned from or judged."""
    found = usable[time].nunique()
    if found < LEAST_MOMENTS:
        raise AdoptError(
            f"--time {time}: has {found} different values, want at least {LEAST_MOMENTS}: rows of one timestamp stay "
            "together, and train, validation and test need some each. Leave --time away, or name another column."
        )
    faults = []
    for share in (share for share in SHARES if share >= usual):
        parts = _parts(usable, time, share)
        empty = [label for label, part in parts.items() if part.empty]
        if empty:
            faults.append(f"the {empty[0]} part would hold no rows")
            continue
        single = [label for label, part in parts.items() if target.classes and part[target.name].nunique() < 2]
        if not single:
            return share
        only = parts[single[0]][target.name].iloc[0]
        faults.append(f"the {single[0]} part would hold only {only!r} of {target.name}")
        break
    raise AdoptError(
        f"--time {time}: divided by time, {faults[-1]}, so nothing could be learned or judged. Collect rows over "
        "a longer time, or leave --time away if the order does not matter."
    )


def _parts(usable: pd.DataFrame, time: str, share: float) -> dict[str, pd.DataFrame]:
    """The parts that the split stage will cut when ``share`` of the rows is held out twice."""
    timestamps = usable[time].sort_values(ignore_index=True)
    validation_from, test_from = (timestamps[round(len(timestamps) * (1 - held * share))] for held in (2, 1))
    return {
        "train": usable[usable[time] < validation_from],
        "validation": usable[(usable[time] >= validation_from) & (usable[time] < test_from)],
        "test": usable[usable[time] >= test_from],
    }
