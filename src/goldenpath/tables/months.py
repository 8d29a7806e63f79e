"""Calendar months, by UTC, of the contract's time column: how data arrives, and how the newest is held back."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from goldenpath.project.contract import Contract
from goldenpath.project.errors import ProjectError
from goldenpath.tables.type_inference import to_time


def timestamps(rows: pd.DataFrame, agreed: Contract) -> pd.Series:
    """When each raw row happened, in UTC; missing where that cannot be read.

    Args:
        rows: Rows under the contract's physical names.
        agreed: Names the time.

    Raises:
        ProjectError: No column of the contract has the role ``time``, or the rows lack it.
    """
    if agreed.time is None:
        raise ProjectError(
            "No column of contract.yaml has the role time, so rows belong to no month. Give it to one: "
            "customProperties: [{property: roles, value: [time]}]"
        )
    name = agreed.time.physical_name
    if name not in rows:
        raise ProjectError(f"The source gives no column {name}, which is the time of contract.yaml.")
    return pd.Series(to_time(rows[name]).dt.tz_localize("UTC"))


def of(times: pd.Series) -> pd.Series:
    """The month of each time, ``YYYY-MM``."""
    return pd.Series(times.dt.strftime("%Y-%m"))


def counted(times: pd.Series) -> dict[str, int]:
    """Rows of each month, the oldest first."""
    counts = of(times.dropna()).value_counts().sort_index()
    return {str(month): int(count) for month, count in counts.items()}


def newest_whole(counts: Mapping[str, int]) -> str:
    """The newest month with at least half the median month's rows; one that just began has fewer.

    Raises:
        ProjectError: There is no row with a time.
    """
    if not counts:
        raise ProjectError("The source has no row with a time.")
    usual = float(pd.Series(counts).median())
    return max(month for month, count in counts.items() if 2 * count >= usual)


def through(rows: pd.DataFrame, agreed: Contract, month: str | None) -> pd.DataFrame:
    """The rows up to the end of a month, or all without one; those without a time are kept, for the contract to judge.

    Raises:
        ProjectError: The contract names no time.
    """
    if month is None:
        return rows
    return rows[~(of(timestamps(rows, agreed)) > month)].reset_index(drop=True)


def refuse_unknown(month: str, counts: Mapping[str, int], name: str) -> None:
    """Stop where the source has no such month.

    Args:
        month: What was asked for.
        counts: See :func:`counted`.
        name: How the person calls it.

    Raises:
        ProjectError: With the months that there are.
    """
    if month not in counts:
        there = ", ".join(f"{known} ({count:,} rows)" for known, count in counts.items())
        raise ProjectError(f"{name} {month}: the source has no row of that month. It has {there or 'none at all'}.")
