"""What to look at before trusting a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from goldenpath.adopt.assignment import Assignment
from goldenpath.adopt.infer import Guess
from goldenpath.adopt.leakage import Suspect
from goldenpath.adopt.personal import traits
from goldenpath.adopt.profile import Profile
from goldenpath.adopt.target import FEW_ROWS, Target


def advice(
    found: Sequence[Suspect],
    parts: Sequence[str],
    facts: Mapping[str, Profile],
    guesses: Sequence[Guess],
    named: Assignment,
    target: Target,
) -> list[str]:
    """Say what a person should look at before trusting a score.

    Args:
        found: The columns that predict the target alone.
        parts: The columns that the target is computed from.
        facts: What the columns hold, by name in the file.
        guesses: The contract's columns.
        named: The columns that were named.
        target: What is predicted.

    Returns:
        One sentence or two each, the gravest first.
    """
    excluded = {guess.column.physical_name for guess in guesses if "excluded" in guess.column.roles}
    warnings = [_leak(suspect, target) for suspect in found]
    warnings += [
        f"Suspected leakage: {name} has the same content as {target.name}. It is excluded."
        for name, item in facts.items()
        if item.digest == facts[target.name].digest and name != target.name
    ]
    if len(parts) > 1:
        warnings.append(
            f"Suspected leakage: {target.name} can be computed from {' and '.join(parts)} by adding and scaling. They "
            "are still features: if they are known only afterwards, exclude them in contract.yaml."
        )
    warnings += target.warnings
    rows = facts[target.name].present
    if rows < FEW_ROWS:
        warnings.append(
            f"Few rows: {rows:,} with a target. The score's interval will be wide; read it before the score."
        )
    if rows < facts[target.name].rows:
        lost = facts[target.name].rows - rows
        warnings.append(
            f"{lost:,} rows have no {target.name}; they are quarantined, and validation.tolerated_share allows it."
        )
    secret = [guess.column.physical_name for guess in guesses if guess.column.classification == "confidential"]
    if secret:
        warnings.append(f"Looks personal, marked confidential: {', '.join(secret)}. Check with your privacy office.")
    timestamps = [name for name, item in facts.items() if item.kind == "timestamp" and name not in excluded]
    if timestamps and not named.time:
        warnings.append(
            f"{timestamps[0]} holds dates but was not named by --time. If the order matters, adopt again with "
            f"--time {timestamps[0]!r}, so that the newest rows are held out."
        )
    mentioned = {*named.protected, target.name, *excluded}
    sensitive = [name for name in traits(list(facts)) if name not in mentioned]
    if sensitive:
        example = ",".join(sensitive)
        warnings.append(
            f"May be protected traits, used as features: {example}. To report them without using them, adopt again "
            f"with --protected {example!r}."
        )
    return warnings


def _leak(suspect: Suspect, target: Target) -> str:
    text = f"Suspected leakage: {suspect.name} alone predicts {target.name} with {suspect.metric} {suspect.score:.3f}. "
    if suspect.recodes:
        return text + "It says the same in other words and is excluded."
    return text + "It is still a feature: if it is known only afterwards, exclude it in contract.yaml."
