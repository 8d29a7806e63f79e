"""What becomes of columns that give the target or the entity away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from goldenpath.adopt.assignment import Assignment
from goldenpath.adopt.infer import Guess, excluded
from goldenpath.adopt.leakage import Suspect
from goldenpath.adopt.target import Target

NAMING_SHARE = 0.9
"""From this share of different values on, a column names entities instead of describing them."""


def with_suspicion(
    guesses: Sequence[Guess], found: Sequence[Suspect], parts: Sequence[str], target: Target
) -> list[Guess]:
    """Exclude what is the target in other words; note every other suspect, which stays a feature.

    That a recoded target is no feature is no matter of opinion. Of any other column only a person can say whether it
    is known when the prediction is made: excluding it silently would throw away an honest strong signal.

    Args:
        guesses: The contract's columns.
        found: The columns that predict the target alone.
        parts: The columns that the target is computed from.
        target: What is predicted.
    """
    suspects = {suspect.name: suspect for suspect in found}
    marked = [_suspected(guess, suspects.get(guess.column.physical_name), target) for guess in guesses]
    note = f"SUSPECTED LEAKAGE: {target.name} can be computed from {' and '.join(parts)}"
    return [_noted(guess, note) if guess.column.physical_name in parts else guess for guess in marked]


def without_entity_copies(guesses: Sequence[Guess], table: pd.DataFrame, named: Assignment) -> list[Guess]:
    """Exclude names of the entity in other words, such as a country's code: held-out entities have none that is known.

    Numbers that are no codes stay: what they measure may hold for other entities, too.
    """
    if not named.entity:
        return list(guesses)
    entity = table[named.entity]
    why = f"Copy of the entity: says the same as {named.entity} in other words."
    return [
        excluded(guess, why)
        if guess.is_feature
        and guess.column.type in ("string", "integer")
        and _names_entity(table[guess.column.physical_name], entity)
        else guess
        for guess in guesses
    ]


def _names_entity(values: pd.Series, entity: pd.Series) -> bool:
    """Whether each entity has one value and hardly any two have the same, which then is a slip of the pen."""
    pairs = pd.DataFrame({"value": values, "entity": entity}).dropna().drop_duplicates()
    found = pairs["entity"].nunique()
    return len(pairs) == found and pairs["value"].nunique() >= NAMING_SHARE * found


def _suspected(guess: Guess, suspect: Suspect | None, target: Target) -> Guess:
    if suspect is None:
        return guess
    if suspect.recodes:
        return excluded(guess, f"Copy of the target: says the same as {target.name} in other words.")
    note = (
        f"SUSPECTED LEAKAGE: alone it predicts the target with {suspect.metric} {suspect.score:.3f}. If it is known "
        "only afterwards, set its roles to [excluded] and give a reason"
    )
    return _noted(guess, note)


def _noted(guess: Guess, note: str) -> Guess:
    return replace(guess, note=f"{guess.note}. {note}" if guess.note else note)
