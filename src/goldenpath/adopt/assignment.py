"""Which column a person named for what, checked against the table."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from goldenpath.adopt.errors import AdoptError
from goldenpath.adopt.names import resolve
from goldenpath.tables.type_inference import to_time

MOST_WITHOUT_TIME = 0.2
"""Rows without a time or an entity cannot be divided; more of them than this and the column is not what it is said
to be."""


@dataclass(frozen=True)
class Assignment:
    """Columns by what they were named for, under their names in the file."""

    target: str
    time: str | None = None
    entity: str | None = None
    protected: tuple[str, ...] = ()


def assign(
    table: pd.DataFrame, target: str, time: str | None, entity: str | None, protected: tuple[str, ...]
) -> tuple[Assignment, pd.DataFrame]:
    """Find the named columns and read the time as timestamps.

    Args:
        table: The whole table.
        target: What was typed for TARGET: a column's name in the file, or the identifier it will get.
        time: The same for --time.
        entity: The same for --entity.
        protected: The same for --protected.

    Returns:
        The columns, and the table with the time column as timestamps.

    Raises:
        AdoptError: A column does not exist, is named twice, or cannot do what it was named for.
    """
    named = _named(list(table.columns), target, time, entity, protected)
    return named, _with_time(table, named)


def _named(
    names: list[str], target: str, time: str | None, entity: str | None, protected: tuple[str, ...]
) -> Assignment:
    target = resolve(target, names, "TARGET")
    time = resolve(time, names, "--time") if time else None
    entity = resolve(entity, names, "--entity") if entity else None
    if ",".join(protected) in names:  # one name that holds a comma
        protected = (",".join(protected),)
    protected = tuple(dict.fromkeys(resolve(name, names, "--protected") for name in protected))
    taken = {target: "TARGET"}
    for label, found in (("--time", time), ("--entity", entity), *(("--protected", name) for name in protected)):
        if found in taken:
            raise AdoptError(f"{label} {found}: is already {taken[found]}. A column has one such part; name another.")
        if found:
            taken[found] = label
    return Assignment(target, time, entity, protected)


def _with_time(table: pd.DataFrame, named: Assignment) -> pd.DataFrame:
    """The table with the time column read as timestamps and, with the entity, present nearly everywhere."""
    if named.time:
        before = table[named.time].notna()
        table = table.assign(**{named.time: to_time(table[named.time])})
        unread = int((before & table[named.time].isna()).sum())
        if unread > MOST_WITHOUT_TIME * max(int(before.sum()), 1):
            raise AdoptError(
                f"--time {named.time}: {unread:,} of {int(before.sum()):,} values cannot be read as a date or a time. "
                "Write them like 2026-01-31 or 2026-01-31T13:45:00Z, or name another column."
            )
    for label, name in (("--time", named.time), ("--entity", named.entity)):
        if name and table[name].isna().mean() > MOST_WITHOUT_TIME:
            raise AdoptError(
                f"{label} {name}: {table[name].isna().mean():.0%} of the rows have no value, at most "
                f"{MOST_WITHOUT_TIME:.0%} may be missing: such rows cannot be divided. Name another column, or fill it."
            )
    return table
