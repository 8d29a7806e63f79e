"""How the rows will be divided into train, validation and test, and whether that can work."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from .assignment import Assignment
from .errors import AdoptError
from .params_text import held_out
from .target import Target

LEAST_ENTITIES = 20
"""Whole entities are held out: with fewer, a held-out part would be one or two of them."""

LEAST_MOMENTS = 10
"""Rows of one moment stay together, so fewer moments than this cannot be divided into tenths."""


def division(usable: pd.DataFrame, named: Assignment, target: Target) -> Literal["time", "entity", "random"]:
    """Divide by time where a time was named, else by entity, else at random.

    Args:
        usable: The rows that have a target, a time and an entity.
        named: The columns that were named.
        target: What is predicted.

    Raises:
        AdoptError: A part would be empty, or would hold one class only.
    """
    if named.time:
        _refuse_useless_times(usable, named.time, target)
        return "time"
    if named.entity:
        _refuse_few_entities(usable, named.entity)
        return "entity"
    return "random"


def _refuse_few_entities(usable: pd.DataFrame, entity: str) -> None:
    found = usable[entity].nunique()
    if found < LEAST_ENTITIES:
        raise AdoptError(
            f"ENTITY={entity}: has {found} different values, want at least {LEAST_ENTITIES}: whole entities are "
            "held out, and so few would judge nothing. Leave ENTITY away, or name another column."
        )


def _refuse_useless_times(usable: pd.DataFrame, time: str, target: Target) -> None:
    found = usable[time].nunique()
    if found < LEAST_MOMENTS:
        raise AdoptError(
            f"TIME={time}: has {found} different values, want at least {LEAST_MOMENTS}: rows of one moment stay "
            "together, and train, validation and test need some each. Leave TIME away, or name another column."
        )
    share = held_out(len(usable))
    moments = usable[time].sort_values(ignore_index=True)
    validation_from, test_from = (moments[round(len(moments) * (1 - held * share))] for held in (2, 1))
    parts = {
        "train": usable[usable[time] < validation_from],
        "validation": usable[(usable[time] >= validation_from) & (usable[time] < test_from)],
        "test": usable[usable[time] >= test_from],
    }
    for label, part in parts.items():
        if part.empty or (target.classes and part[target.name].nunique() < 2):
            held = "no rows" if part.empty else f"only {part[target.name].iloc[0]!r} of {target.name}"
            raise AdoptError(
                f"TIME={time}: divided by time, the {label} part would hold {held}, so nothing could be learned or "
                "judged. Collect rows over a longer time, or leave TIME away if the order does not matter."
            )
