"""Realized performance as one page: over time, by segment and by variant, beside the gate's floors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goldenpath.evaluation.metrics import HEADLINE
from goldenpath.project.contract import Contract
from goldenpath.project.params import Params
from goldenpath.reports import charts, formatting, page
from goldenpath.reports.charts import Row, Tone
from goldenpath.reports.formatting import Estimate
from goldenpath.reports.measures import measure

TEMPLATE = "performance.html.j2"
TONES = {"ok": "good", "perhaps": "mixed", "low": "bad", "unknown": "mixed"}
WORDS = {"ok": "✓ holds", "perhaps": "! may be below", "low": "✗ below", "unknown": formatting.UNKNOWN}
HEADLINES = {
    "ok": "The predictions hold what the gate wants of a model.",
    "perhaps": "The predictions are below what the gate wants of a model; that may be chance.",
    "low": "ALERT: the predictions are below what the gate wants of a model.",
    "unknown": "Too few labels to say whether the predictions hold what the gate wants of a model.",
}
ALL, CHAMPION = "all", "champion"
MOST_SEGMENTS = 20
DIGEST = 12
"""Characters of a model's SHA-256 that tell it from others beside it."""
LINES: tuple[Tone, ...] = ("first", "second", "third")


def render(told: Mapping[str, Any], agreed: Contract, settings: Params) -> str:
    """The page.

    Args:
        told: The content of ``performance.json``.
        agreed: Names the product.
        settings: Prices, floors and confidence.
    """
    results = sorted(told["results"], key=lambda item: item["variant"] != CHAMPION)
    names = list(dict.fromkeys([HEADLINE[told["task"]], told["kpi"]["kpi"], *(item["metric"] for item in results)]))
    names = [name for name in names if any(item["metric"] == name for item in results)]
    business = told["kpi"]
    return page.render(
        TEMPLATE,
        title=f"{agreed.about.product}: realized performance",
        product=agreed.about.product,
        tone=TONES[told["state"]],
        headline=HEADLINES[told["state"]],
        reasons=list(_reasons(results)),
        told=told,
        kpi=f"{_label(business['kpi'])} {formatting.estimate(_found({**business, 'metric': business['kpi']}))}",
        confidence=formatting.share(settings.evaluation.confidence, 0),
        currency=settings.value.currency,
        figures=[figure for name in names if (figure := _over_time(results, name, told["window"]))],
        segments=[figure for name in names if (figure := _by_segment(results, name))],
        windows=_table([item for item in results if item["segment"] == ALL], names, "window"),
        rows=_table([item for item in results if item["segment"] != ALL], names, "segment"),
    )


def _found(item: Mapping[str, Any]) -> Estimate:
    return measure(item["metric"]).estimate(item)


def _label(name: str) -> str:
    return measure(name).label


def _reasons(results: list[dict[str, Any]]) -> Any:
    for item in results:
        if item["current"] and item["state"] in ("low", "perhaps"):
            where = "" if item["segment"] == ALL else f" of {item['segment']}"
            found = formatting.estimate(_found(item))
            label = formatting.sentence(_label(item["metric"]))
            yield f"{label}{where}, {item['variant']}: {found}, wanted {item['floor']}."


def _over_time(results: list[dict[str, Any]], name: str, window: str) -> dict[str, Any] | None:
    own = [item for item in results if item["metric"] == name and item["window"] and item["segment"] == ALL]
    own = [item for item in own if item["value"] is not None]
    variants = list(dict.fromkeys(item["variant"] for item in own))
    if not own:
        return None
    has_one = len(variants) == 1, len({item["model"] for item in own}) == 1
    rows = [
        Row(
            " ".join([item["window"], *_who(item, *has_one)]),
            _found(item),
            LINES[min(variants.index(item["variant"]), len(LINES) - 1)],
        )
        for item in sorted(own, key=lambda item: (item["window"], variants.index(item["variant"])))
    ]
    floor = next((item["floor"] for item in own if item["floor"]), "")
    wanted = f" The gate wants {floor}." if floor else ""
    return {
        "title": f"{formatting.sentence(_label(name))}, by {window}",
        "caption": f"Each {window} begins on the day named.{wanted}",
        "chart": charts.ranges(rows, _label(name), title=f"{_label(name)} by {window}"),
    }


def _who(item: Mapping[str, Any], has_one_variant: bool, has_one_model: bool) -> list[str]:
    """What tells a row from others of its window."""
    return [*([] if has_one_variant else [item["variant"]]), *([] if has_one_model else [item["model"][:DIGEST]])]


def _by_segment(results: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    own = [item for item in results if item["metric"] == name and item["segment"] != ALL and item["value"] is not None]
    if not own:
        return None
    variant = own[0]["variant"]
    own = [item for item in own if item["variant"] == variant]
    worst = sorted(own, key=lambda item: item["value"], reverse=not measure(name).higher_is_better)[:MOST_SEGMENTS]
    tones: dict[str, Tone] = {"low": "second", "perhaps": "third"}
    rows = [Row(item["segment"], _found(item), tones.get(item["state"], "first")) for item in worst]
    floor = next((item["floor"] for item in own if item["floor"]), "")
    wanted = f" The gate wants {floor} of each; orange is below it." if floor else ""
    return {
        "title": f"{formatting.sentence(_label(name))}, by segment",
        "caption": f"Variant {variant} in the newest window that says enough, the worst first.{wanted}",
        "chart": charts.ranges(rows, _label(name), title=f"{_label(name)} by segment"),
    }


def _table(results: list[dict[str, Any]], names: list[str], first: str) -> dict[str, Any]:
    """A row for each window or segment, variant and model, a column for each metric."""
    by_row: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = {}
    for item in results:
        key = item[first] or "all of them", item["variant"], item["model"]
        by_row.setdefault(key, {})[item["metric"]] = item
    floors = {item["metric"]: item["floor"] for item in results if item["floor"]}
    return {
        "head": formatting.sentence(first),
        "metrics": [(formatting.sentence(_label(name)), floors.get(name, "")) for name in names],
        "rows": [
            {
                "name": name,
                "variant": variant,
                "model": model,
                "labels": max(item["labels"] for item in found.values()),
                "cells": [_cell(found.get(metric)) for metric in names],
            }
            for (name, variant, model), found in by_row.items()
        ],
    }


def _cell(item: Mapping[str, Any] | None) -> dict[str, str]:
    if item is None:
        return {"number": formatting.UNKNOWN, "interval": "", "tone": "", "words": ""}
    number, interval = formatting.parts(_found(item))
    is_judged = bool(item["floor"]) and item["state"] != "unknown"
    return {
        "number": number,
        "interval": interval,
        "tone": TONES[item["state"]],
        "words": WORDS[item["state"]] if is_judged else "",
    }
