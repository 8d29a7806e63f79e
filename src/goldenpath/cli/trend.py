"""The level of a product over its commits, as reports show it."""

from __future__ import annotations

from datetime import date

from goldenpath.product.product import Product
from goldenpath.reports.report import Point
from goldenpath.review.history import history, met


def points(product: Product, limit: int) -> list[Point]:
    """The newest commits of a product, the oldest first, each with its level and what it changed of it."""
    found_points: list[Point] = []
    before: frozenset[str] | None = None
    for subject, day, found in history(product, limit):
        after = met(found)
        gained, lost = (after - before, before - after) if before is not None else (frozenset(), frozenset())
        found_points.append(
            Point(
                found.commit or "",
                date.fromisoformat(day),
                subject,
                found.level,
                tuple(sorted(gained)),
                tuple(sorted(lost)),
            )
        )
        before = after
    return found_points
