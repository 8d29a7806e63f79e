"""How right the predictions were, once the labels are known.

Takes the labels of a file, joins all that are known to the logged predictions, and writes ``reports/performance.json``,
``.prom`` and ``.html``: metrics with intervals in each window of time, segment and variant, beside the floors that the
gate holds a model to before it is merged.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from goldenpath.model import task
from goldenpath.monitoring import exposition, labels, log, performance_page, realized_metrics
from goldenpath.monitoring.exposition import Gauge
from goldenpath.monitoring.labels import Taken
from goldenpath.monitoring.performance_page import ALL, CHAMPION
from goldenpath.monitoring.realized_metrics import Judged
from goldenpath.project import files, manifest, params
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import PERFORMANCE
from goldenpath.repository import facts

SCHEMA = 1


def verdict(found: list[Judged]) -> dict[str, Any]:
    """The report's ``state``, and under ``judged`` what it rests on: ``models``, ``labels`` and ``window``.

    It is the worst of the champion's current metrics; of those of all variants where none is called that.
    """
    now = [item for item in found if item.current]
    own = [item for item in now if item.variant == CHAMPION] or now
    states = {item.state for item in own if item.floor}
    state = next((state for state in ("low", "perhaps", "ok") if state in states), "unknown")
    newest = max((item for item in own if item.segment == ALL), key=lambda item: item.window)
    models = sorted({item.model for item in own})
    return {"state": state, "judged": {"models": models, "labels": newest.labels, "window": newest.window}}


def business_figure(found: list[Judged], rows: pd.DataFrame, window: str, root: Path = Path()) -> dict[str, Any]:
    """The figure that ``golden-path.yaml`` steers by, on the newest window of what is served, whichever model gave it.

    Args:
        found: See :func:`realized_metrics.judge`.
        rows: What was judged; see :func:`realized_metrics.labelled`.
        window: ``day`` or ``week``.
        root: The project's folder.

    Returns:
        ``kpi``, its ``value``, the ``labels`` it rests on, and the day that these reach ``through``.

    Raises:
        ProjectError: The manifest names none, or one that no label can tell.
    """
    name = manifest.load(root).kpi.name if (root / manifest.PATH).is_file() else ""
    own = [item for item in found if item.metric == name and item.segment == ALL]
    own = [item for item in own if item.variant == CHAMPION] or own
    if not own:
        known = sorted({item.metric for item in found})
        raise ProjectError(
            f"{manifest.PATH}: kpi.name is {name or 'not there'}, which labels cannot tell. They tell "
            f"{', '.join(known)}."
        )
    newest = max(own, key=lambda item: (item.value is not None, item.window, item.current))
    own_rows = rows[(rows["variant"] == newest.variant) & (rows["model"] == newest.model)]
    times = pd.Series(own_rows["time"])
    if newest.window:
        times = times[realized_metrics.window_starts(times, window) == pd.Timestamp(newest.window, tz="UTC")]
    return {"kpi": name, "value": newest.value, "labels": newest.labels, "through": str(times.max().date())}


def gauges(found: list[Judged], total: int, through: datetime | None) -> list[Gauge]:
    """The current metrics, for alerts."""
    told = [item for item in found if item.current and item.value is not None]
    keys: list[tuple[str, ...]] = [(item.metric, item.segment, item.variant) for item in told]
    names = ("metric", "segment", "variant")
    value: dict[tuple[str, ...], float] = {key: item.value or 0.0 for key, item in zip(keys, told, strict=True)}
    low = {key: float(item.state == "low") for key, item in zip(keys, told, strict=True) if item.floor}
    reached: dict[tuple[str, ...], float] = {(): through.timestamp()} if through is not None else {}
    return [
        Gauge("realized_performance", "Metric of the newest window whose label is known.", value, names),
        Gauge("realized_performance_low", "1 where the whole interval is beyond the gate's floor, else 0.", low, names),
        Gauge("realized_labels_total", "Predictions whose label is known.", {(): float(total)}, is_counter=True),
        Gauge("realized_through_timestamp_seconds", "Time of the newest prediction whose label is known.", reached),
    ]


def run(file: Path | None, folder: Path) -> int:
    """Take labels, judge, write the reports, say what came out, and return the exit code.

    Args:
        file: The labels; None to judge again those that are known.
        folder: The prediction log.

    Raises:
        ProjectError: A file is missing or cannot be used.
    """
    agreed, settings = log.of_project(), params.load()
    asked = task.of(agreed.agreed, settings)
    taken = None
    if file is not None:
        taken = labels.take(file, folder, agreed, asked, settings.monitoring.performance.match_hours)
        print(_told(file, taken))
    else:
        labels.look_up(folder, agreed)
    rows, known = realized_metrics.labelled(folder, agreed, asked), labels.load(folder)
    if rows.empty:
        print(
            f"None of {len(known):,} labels belongs to a prediction in {folder}, so nothing is judged.", file=sys.stderr
        )
        return 3
    found = realized_metrics.judge(rows, agreed.agreed, asked, settings)
    figure = business_figure(found, rows, settings.monitoring.performance.window)
    through = rows["time"].max().to_pydatetime()
    told = {
        "schema": SCHEMA,
        **verdict(found),
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "task": asked.kind,
        "window": settings.monitoring.performance.window,
        "labels": len(rows),
        "through": through.isoformat(),
        "taken": None if taken is None else asdict(taken),
        "models": {str(v): sorted(part["model"].dropna().unique()) for v, part in rows.groupby("variant")},
        "kpi": figure,
        "results": [asdict(item) for item in found],
    }
    files.write_json(PERFORMANCE, told)
    exposition.write(PERFORMANCE.with_suffix(".prom"), gauges(found, int(known[labels.FOUND].sum()), through))
    page = PERFORMANCE.with_suffix(".html")
    page.write_text(performance_page.render(told, agreed.agreed, settings), encoding="utf-8", newline="\n")
    if figure["value"] is not None:
        facts.tell(figure | {"environment": facts.environment()})
    value = "not known" if figure["value"] is None else f"{figure['value']:.4g} on {figure['labels']:,} labels"
    print(f"performance: {told['state']}; {figure['kpi']} {value}, through {figure['through']}. {page}")
    return 0 if figure["value"] is not None else 3


def _told(file: Path, taken: Taken) -> str:
    waiting = f", {taken.waiting:,} wait for their prediction" if taken.waiting else ""
    return (
        f"{file}: {taken.given:,} labels: {taken.new:,} new, {taken.again:,} known already, {taken.changed:,} changed, "
        f"{taken.unmatched:,} without a prediction, {taken.unusable:,} unusable; "
        f"{taken.total:,} are known now{waiting}."
    )
