"""Metrics by slice: what the pipeline measured for each group, and the floors that the team set for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.review.product import contract
from goldenpath.review.product.errors import BrokenFileError

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

REPORT, METRICS, PARAMS = "reports/segments.json", "reports/metrics.json", "params.yaml"
ROLES = frozenset({"segment", "protected"})


@dataclass(frozen=True)
class Floor:
    """The worst value of a metric that a slice may have: at least ``low``, or at most ``high``."""

    metric: str
    low: float | None = None
    high: float | None = None

    def holds(self, value: float) -> bool:
        """Whether a value is good enough."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        return f"{self.metric} {f'≥ {self.low:g}' if self.low is not None else f'≤ {self.high:g}'}"


def floors(product: Product) -> list[Floor]:
    """The floors in ``params.yaml`` under ``gates.segments``: for each metric ``min`` or ``max``.

    Raises:
        BrokenFileError: They are not of this form.
    """
    gates = product.mapping(PARAMS).get("gates")
    raw = gates.get("segments") if isinstance(gates, dict) else None
    if raw is None:
        return []
    line = product.line_of(PARAMS, r"^\s+segments\s*:")
    found = []
    for metric, limits in raw.items() if isinstance(raw, dict) else ():
        low, high = (limits.get(key) for key in ("min", "max")) if isinstance(limits, dict) else (None, None)
        if not isinstance(low if high is None else high, int | float) or None not in (low, high):
            raise BrokenFileError(PARAMS, f"gates.segments.{metric}: want min or max, a number", line)
        found.append(Floor(str(metric), low, high))
    return found


def columns(product: Product) -> set[str]:
    """The contract's columns with the role of a segment or of a protected group."""
    return {column.name for column in contract.read(product) if ROLES & column.roles}


def groups(product: Product) -> Iterator[tuple[str, dict[str, Any]]]:
    """Column and record of every group in the report.

    Raises:
        BrokenFileError: The report is not a list of groups.
    """
    content = product.json(REPORT)
    if not isinstance(content, list) or not all(isinstance(item, dict) and "column" in item for item in content):
        raise BrokenFileError(REPORT, "want a list of groups, each with column, group, rows and metrics")
    yield from ((str(item["column"]), item) for item in content)


def baseline(product: Product, metric: str) -> float | None:
    """What the constant baseline reaches in a metric; None where the report does not say."""
    found: Any = product.json(METRICS)
    for key in ("baseline", "constant", metric, "value"):
        found = found.get(key) if isinstance(found, dict) else None
    return float(found) if isinstance(found, int | float) else None
