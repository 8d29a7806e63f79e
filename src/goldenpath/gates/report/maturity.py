"""How the change moves the product's level, by the review of the production checklist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goldenpath.gates.report import verdicts
from goldenpath.gates.report.collect import Facts
from goldenpath.gates.report.outline import Cell, Name, Section, Table
from goldenpath.reports import formatting

TITLE = "Maturity"
MOST_STEPS = 5


def section(facts: Facts) -> Section:
    """Level before and after, criteria gained and lost, and the next steps."""
    review = verdicts.of_review(facts)
    if not review:
        return Section(TITLE, (f"Not known: there is no {verdicts.REVIEW} of a review against this base.",))
    product = verdicts.product_of(review)
    titles = {item["id"]: item["title"] for part in product["parts"] for item in part["criteria"]}
    lost, gained = _changed(product)
    rows: list[tuple[Cell, ...]] = [("lost", Name(name), titles.get(name, "")) for name in lost]
    rows += [("gained", Name(name), titles.get(name, "")) for name in gained]
    now = formatting.UNKNOWN if product["level"] is None else str(product["level"])
    before = product.get("base_level")
    if before is None:
        told = f"Level {now}. The review knows no level of the base: the product was not there, or history is cut off."
    else:
        told = f"Level {before} → {now}: {_counted(gained)} gained, {_counted(lost)} lost since the base."
    steps = tuple((Name(item["id"]), item["title"], item["do"]) for item in product["next_steps"][:MOST_STEPS])
    tables = [Table(("Change", "Criterion", "What it asks"), tuple(rows))] if rows else []
    if steps:
        tables.append(Table(("Criterion", "What it asks", "How"), steps, title="Next steps"))
    meaning = formatting.sentence(str(product.get("meaning") or ""))
    return Section(TITLE, tuple(filter(None, (told, meaning))), tuple(tables), is_detail=not lost)


def _changed(product: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The criteria that are met no longer, those of the gate included, and those that are met since the base."""
    changes = product.get("changes") or []
    fallen = {item["id"] for item in product["findings"] or [] if item["id"]}
    lost = {item["id"] for item in changes if item["met_before"] and not item["met"]}
    return sorted(lost | fallen), sorted(item["id"] for item in changes if item["met"] and not item["met_before"])


def _counted(ids: list[str]) -> str:
    return formatting.counted(len(ids), "criterion", "criteria")
