"""The catalogue of criteria: one module for each part, one class for each criterion."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from goldenpath.review.standards.criterion import Criterion

CATALOGUE_VERSION = "1.1.0"
"""SemVer: a new criterion, or one that judges otherwise, is a minor change; one taken away, or moved to another level,
a major one; other words for the same are a patch."""

MODULES = ("documentation", "code_quality", "traceability", "monitoring", "security")


@cache
def catalogue() -> tuple[type[Criterion], ...]:
    """Every criterion, by part and then by id."""
    found: list[type[Criterion]] = []
    for name in MODULES:
        module = import_module(f"{__name__}.{name}")
        classes = [item for item in vars(module).values() if isinstance(item, type) and issubclass(item, Criterion)]
        own = (item for item in classes if f"{item.__module__}.".startswith(f"{module.__name__}."))
        found += sorted(own, key=lambda item: item.id)
    return tuple(found)


@cache
def _by_id() -> dict[str, type[Criterion]]:
    return {item.id: item for item in catalogue()}


def criterion(name: str) -> type[Criterion]:
    """The criterion of an id, whatever its case.

    Raises:
        KeyError: There is none.
    """
    return _by_id()[name.upper()]
