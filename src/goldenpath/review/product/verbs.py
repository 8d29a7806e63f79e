"""What each verb of the command ``goldenpath`` does, as far as criteria ask for it: one table for all of them.

A step of a workflow, a line of a recipe and the command of a receipt are read alike, so ``goldenpath gate model``
counts wherever a make target with that gate in its recipe would.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

COMMAND = "goldenpath"


class Does(StrEnum):
    """What a command does for a criterion."""

    TRAINS = "runs the pipeline where something has changed"
    TRAINS_ANEW = "runs all of the pipeline, whether anything has changed or not"
    GATES = "stops a model that is worse than the one before it"
    AUDITS = "looks up known vulnerabilities of every locked package"
    VALIDATES = "holds manifests and files of Compose against their schemas"
    COMPARES_METRICS = "shows how metrics move since the base"
    DEPLOYS = "tells an environment what to run, or brings it there"
    PROMOTES = "commits what an environment is told to run"


_NOTHING: frozenset[Does] = frozenset()
VERBS: Mapping[str, frozenset[Does]] = {
    "run": frozenset({Does.TRAINS}),
    "retrain run": frozenset({Does.TRAINS}),
    "reproduce": frozenset({Does.TRAINS, Does.TRAINS_ANEW}),
    "gate": frozenset({Does.GATES, Does.AUDITS, Does.VALIDATES}),
    "gate model": frozenset({Does.GATES}),
    "gate deps": frozenset({Does.AUDITS}),
    "gate deploy": frozenset({Does.VALIDATES}),
    "gate contract": _NOTHING,
    "gate data": _NOTHING,
    "gate lock": _NOTHING,
    "gate secrets": _NOTHING,
    "gate workflows": _NOTHING,
    "gate rendered": _NOTHING,
    "gate image": _NOTHING,
    "check": frozenset({Does.GATES}),
    "metrics-diff": frozenset({Does.COMPARES_METRICS}),
    "pr-report": frozenset({Does.COMPARES_METRICS}),
    "promote": frozenset({Does.DEPLOYS, Does.PROMOTES}),
    "deploy": frozenset({Does.DEPLOYS}),
}
"""Each verb that a criterion asks for, with its subcommand; ``gate`` alone runs every gate that applies."""
_ONLY_SHOWS = frozenset({"--help", "-h", "--version"})
_CHANGED: Mapping[tuple[str, str], frozenset[Does]] = {
    ("promote", "--dry-run"): frozenset({Does.GATES}),
    ("run", "--force"): frozenset({Does.TRAINS, Does.TRAINS_ANEW}),
    ("gate", "--self-test"): _NOTHING,
}
"""What a verb does under an option that changes it: a promotion that is only judged, a gate that proves itself."""


def of(command: str) -> frozenset[Does]:
    """What a command does that starts with ``goldenpath``; nothing for any other command.

    Args:
        command: The words from the program on, without runners such as ``uv run`` before it.
    """
    words = command.split()
    if len(words) < 2 or words[0] != COMMAND or _ONLY_SHOWS.intersection(words):
        return _NOTHING
    # Options may stand between a verb and its subcommands, of which a gate takes several.
    names = [name for word in words[2:] if (name := f"{words[1]} {word}") in VERBS] or [words[1]]
    for option in words[2:]:
        if (words[1], option) in _CHANGED:
            return _CHANGED[words[1], option]
    return _NOTHING.union(*(VERBS.get(name, _NOTHING) for name in names))
