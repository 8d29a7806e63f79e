"""What becomes of columns that predict the target alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .infer import Guess, excluded
from .leakage import Suspect
from .target import Target


def with_suspicion(guesses: Sequence[Guess], found: Sequence[Suspect], target: Target) -> list[Guess]:
    """Exclude what is the target in other words; note every other suspect, which stays a feature.

    That a recoded target is no feature is no matter of opinion. Of any other column only a person can say whether it
    is known when the prediction is made: excluding it silently would throw away an honest strong signal.

    Args:
        guesses: The contract's columns.
        found: The columns that predict the target alone.
        target: What is predicted.
    """
    suspects = {suspect.name: suspect for suspect in found}
    return [_suspected(guess, suspects.get(guess.column.physical_name), target) for guess in guesses]


def _suspected(guess: Guess, suspect: Suspect | None, target: Target) -> Guess:
    if suspect is None:
        return guess
    if suspect.recodes:
        return excluded(guess, f"Copy of the target: says the same as {target.name} in other words.")
    note = (
        f"SUSPECTED LEAKAGE: alone it predicts the target with {suspect.metric} {suspect.score:.3f}. If it is known "
        "only afterwards, set its roles to [excluded] and give a reason"
    )
    return replace(guess, note=f"{guess.note}. {note}" if guess.note else note)
