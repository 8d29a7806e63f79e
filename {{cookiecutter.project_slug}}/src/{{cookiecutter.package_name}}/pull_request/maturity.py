"""How the change moves the product's level, by the review of the production checklist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..report import words
from . import verdicts
from .collect import Facts
from .outline import Cell, Name, Section, Table

TITLE = "Maturity"
MOST_STEPS = 5


def section(facts: Facts) -> Section:
    """Level before and after, criteria gained and lost, and the next steps."""
    review = verdicts.of_review(facts)
    if not review:
        return Section(TITLE, (f"Not known: there is no {verdicts.REVIEW} of a review against this base.",))
    product = verdicts.product_of(review)
    before, gained, lost = _since(product)
    titles = {item["id"]: item["title"] for part in product["parts"] for item in part["criteria"]}
    rows: list[tuple[Cell, ...]] = [("lost", Name(name), titles.get(name, "")) for name in lost]
    rows += [("gained", Name(name), titles.get(name, "")) for name in gained]
    now = words.UNKNOWN if product["level"] is None else str(product["level"])
    if before is None:
        told = f"Level {now}. The review holds no trend back to the base: ask for it with `--trend 50`."
    else:
        told = f"Level {before} → {now}: {_counted(gained)} gained, {_counted(lost)} lost since the base."
    steps = tuple((Name(item["id"]), item["title"], item["do"]) for item in product["next_steps"][:MOST_STEPS])
    tables = [Table(("Change", "Criterion", "What it asks"), tuple(rows))] if rows else []
    if steps:
        tables.append(Table(("Criterion", "What it asks", "How"), steps, title="Next steps"))
    meaning = words.sentence(str(product.get("meaning") or ""))
    return Section(TITLE, tuple(filter(None, (told, meaning))), tuple(tables), is_detail=not lost)


def _counted(ids: list[str]) -> str:
    return words.counted(len(ids), "criterion", "criteria")


def _since(product: Mapping[str, Any]) -> tuple[int | None, list[str], list[str]]:
    """The base's level, and the criteria that are met since, or no longer, by the trend; without it by the gate."""
    fallen = sorted(item["id"] for item in product["findings"] or [] if item["id"])
    points = product["trend"]
    start = next((place for place, point in enumerate(points) if point["commit"] == product["base"]), None)
    if start is None:
        return None, [], fallen
    moved: dict[str, int] = {}
    for point in points[start + 1 :]:
        for name in point["gained"]:
            moved[name] = moved.get(name, 0) + 1
        for name in point["lost"]:
            moved[name] = moved.get(name, 0) - 1
    gained = sorted(name for name, count in moved.items() if count > 0)
    return points[start]["level"], gained, sorted({*fallen, *(name for name, count in moved.items() if count < 0)})
