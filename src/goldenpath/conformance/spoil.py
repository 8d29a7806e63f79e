"""Values that break a rule of the contract, one for each rule of each column that a value can break."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd

from goldenpath.project.contract import MOMENTS, Column, Contract, as_moment
from goldenpath.tables.validation import VIOLATIONS, validate

NO_SUCH = "~no such value~"
_STRANGERS = (NO_SUCH, "", " ", "0", "a", "A", "a b", "-1", "é", "\t")
"""Texts of which a pattern refuses at least one, unless it allows everything."""


@dataclass(frozen=True)
class Spoiled:
    """A value that a column must not hold.

    Attributes:
        column: The column.
        rule: The name of the rule that it breaks, a key of ``column.rules``.
        value: The value; None where it is missing.
    """

    column: Column
    rule: str
    value: Any

    def __str__(self) -> str:
        return f"{self.column.name}={self.value!r}, though it {self.column.rules[self.rule].text}"


def values(agreed: Contract) -> list[Spoiled]:
    """A value for each rule that one value alone can break; ``unique`` needs two, see :func:`accepted`."""
    return [Spoiled(column, rule, value) for column in agreed for rule, value in _of(column)]


def accepted(agreed: Contract, valid: pd.DataFrame) -> list[str]:
    """What validation lets through, though the contract forbids it; empty where it refuses all.

    Args:
        agreed: The contract.
        valid: Rows that keep it, typed and named as it says; at least two.
    """
    cases = values(agreed)
    cases += [Spoiled(column, "unique", None) for column in agreed if column.unique]
    faults: list[str] = []
    size = len(valid) // 2  # the other half stays as it is: what occurs twice has its first there
    for start in range(0, len(cases), max(1, size)):
        faults += _accepted(agreed, valid, cases[start : start + max(1, size)])
    return faults


def _accepted(agreed: Contract, valid: pd.DataFrame, cases: list[Spoiled]) -> Iterator[str]:
    rows = valid.head(2 * len(cases)).astype(object)
    rows = rows.where(rows.notna(), None)
    for position, case in enumerate(cases):
        other = len(cases) + position
        value: Any = rows.loc[other, case.column.name] if case.rule == "unique" else case.value
        rows.loc[position, case.column.name] = value
    physical = {column.name: column.physical_name for column in agreed}
    reasons = validate(agreed, rows.rename(columns=physical)).quarantine[VIOLATIONS]
    for position, case in enumerate(cases):
        text = f"{case.column.name} {case.column.rules[case.rule].text}"
        if text not in str(reasons.get(position, "")):
            yield str(case)


def _of(column: Column) -> Iterator[tuple[str, Any]]:
    """Rules and values that break them."""
    if column.required:
        yield "required", None
    if column.type != "string":
        yield "type", 0.5 if column.type == "integer" else NO_SUCH
    if column.enum and not {True, False} <= set(column.enum):
        yield "enum", _unlisted(column)
    if column.minimum is not None:
        yield "range", _beyond(column, column.minimum, -1)
    if column.maximum is not None:
        yield "range", _beyond(column, column.maximum, 1)
    if column.pattern is not None:
        strange = (text for text in _STRANGERS if not re.fullmatch(f"(?:{column.pattern})", text))
        yield from (("pattern", text) for text in list(strange)[:1])
    if column.max_length is not None:
        yield "length", "x" * (column.max_length + 1)


def _unlisted(column: Column) -> Any:
    if column.type == "boolean":
        return not column.enum[0]
    if column.type in ("integer", "number"):
        return max(column.enum) + 1
    if column.type in MOMENTS:
        return pd.Timestamp(as_moment(max(column.enum))) + pd.Timedelta(days=1)
    return NO_SUCH


def _beyond(column: Column, limit: Any, direction: int) -> Any:
    if column.type in MOMENTS:
        return pd.Timestamp(as_moment(limit) + timedelta(days=direction))
    return limit + direction
