"""The plots behind the metrics, candidate and base in one picture; as rows of text where pictures cannot be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from goldenpath.gates.report.collect import Facts
from goldenpath.gates.report.outline import Cell, Picture, Section, Table
from goldenpath.reports import charts, formatting

TITLE = "Plots"
LEVELS = "▁▂▃▄▅▆▇█"
POINTS = 24
Points = list[dict[str, Any]]


@dataclass(frozen=True)
class Plot:
    """How one of the pipeline's plots is drawn.

    Attributes:
        name: The file's name in ``reports/plots``.
        title: Its heading.
        caption: What to look for.
        x: The column across, and what it is.
        y: The column upwards, and what it is.
        diagonal: What the line y = x means; empty for no such line.
        is_share: Whether both run from 0 to 1.
        has_points: Whether its few points are marked.
    """

    name: str
    title: str
    caption: str
    x: tuple[str, str]
    y: tuple[str, str]
    diagonal: str = ""
    is_share: bool = False
    has_points: bool = False


PLOTS = (
    Plot(
        "roc",
        "ROC curve",
        "The further above the diagonal, the better the ranking.",
        ("false_positive_rate", "False positive rate"),
        ("true_positive_rate", "True positive rate"),
        diagonal="chance",
        is_share=True,
    ),
    Plot(
        "calibration",
        "Calibration",
        "Tenths of the test rows. Below the diagonal the model says too much, above too little.",
        ("predicted", "Predicted"),
        ("observed", "Observed"),
        diagonal="perfect",
        has_points=True,
    ),
    Plot(
        "precision_recall",
        "Precision and recall",
        "What share of the alarms is right (up), for each share of positives found (right).",
        ("recall", "Recall"),
        ("precision", "Precision"),
        is_share=True,
    ),
    Plot(
        "cost",
        "Cost by threshold",
        "What mistakes cost per row, for each threshold.",
        ("threshold", "Threshold"),
        ("cost_per_row", "Cost per row"),
    ),
    Plot(
        "predicted_actual",
        "Predicted and actual",
        "Twentieths of the test rows, from the lowest predictions to the highest.",
        ("predicted", "Mean prediction"),
        ("actual", "Mean target"),
        diagonal="perfect",
        has_points=True,
    ),
)


def section(facts: Facts) -> Section:
    """Every plot that the candidate has; the base beside it where it has the same."""
    drawn = [plot for plot in PLOTS if _is_drawn(facts.now.plots.get(plot.name), plot)]
    if not drawn and not facts.now.plots.get("confusion"):
        return Section(TITLE, ("The pipeline left no plots here: run `make run`.",))
    rows: list[tuple[Cell, ...]] = []
    pictures = []
    for plot in drawn:
        now, before = facts.now.plots[plot.name], facts.before.plots.get(plot.name, [])
        before = before if _is_drawn(before, plot) else []
        pictures.append(_picture(plot, now, before))
        sides = [("candidate", now), *([("base", before)] if before else [])]
        ends = _common_ends(plot, [points for _, points in sides])
        low, high = ends[1]
        for side, points in sides:
            scale = f"{formatting.number(low)} to {formatting.number(high)}"
            rows.append((plot.title, side, sparkline(_resampled(points, plot, ends[0]), low, high), scale))
    if cells := facts.now.plots.get("confusion"):
        pictures.append(_confusion(cells, "candidate"))
        if base_cells := facts.before.plots.get("confusion"):
            pictures.append(_confusion(base_cells, "base"))
    tables = (Table(("Plot", "Of", "From left to right", "Height"), tuple(rows), only_text=True),) if rows else ()
    notes = ("Each side on its own test rows.",) if any(facts.before.plots.values()) else ()
    return Section(TITLE, (), tables, tuple(pictures), notes, is_detail=True)


def sparkline(values: Sequence[float], low: float, high: float) -> str:
    """Values as a row of bars, the lowest bar for ``low`` and the highest for ``high``."""
    width = (high - low) or 1.0
    places = (round((value - low) / width * (len(LEVELS) - 1)) for value in values)
    return "".join(LEVELS[min(max(place, 0), len(LEVELS) - 1)] for place in places)


def _is_drawn(points: Points | None, plot: Plot) -> bool:
    return bool(points) and all(plot.x[0] in point and plot.y[0] in point for point in points or [])


def _picture(plot: Plot, now: Points, before: Points) -> Picture:
    lines = [charts.Line("candidate", _column(now, plot.x[0]), _column(now, plot.y[0]), "first", plot.has_points)]
    if before:
        base = charts.Line("base", _column(before, plot.x[0]), _column(before, plot.y[0]), "second", plot.has_points)
        lines.append(base)
    chart = charts.lines(
        lines,
        plot.x[1],
        plot.y[1],
        title=f"{plot.title} of the candidate{' and the base' if before else ''}",
        diagonal=plot.diagonal,
        unit_square=plot.is_share,
    )
    return Picture(plot.title, plot.caption, chart)


def _common_ends(plot: Plot, sides: list[Points]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Between which values x and y are shown for both sides."""
    spans = []
    for name in (plot.x[0], plot.y[0]):
        values = [value for points in sides for value in _column(points, name)]
        spans.append((0.0, 1.0) if plot.is_share else (min(values), max(values)))
    return spans[0], spans[1]


def _resampled(points: Points, plot: Plot, ends: tuple[float, float]) -> list[float]:
    """Heights at places of equal distance, for text cannot tell where a point is."""
    x, y = (np.array(_column(points, name)) for name in (plot.x[0], plot.y[0]))
    order = np.argsort(x, kind="stable")
    return [float(value) for value in np.interp(np.linspace(*ends, POINTS), x[order], y[order])]


def _confusion(cells: Points, side: str) -> Picture:
    labels = list(dict.fromkeys(str(cell["actual"]) for cell in cells))
    counts = [[0] * len(labels) for _ in labels]
    for cell in cells:
        counts[labels.index(str(cell["actual"]))][labels.index(str(cell["predicted"]))] = int(cell["rows"])
    return Picture(
        f"Confusion matrix, {side}",
        "Shade and percentage are shares of the actual class.",
        charts.heatmap(labels, counts, "actual", "predicted", title=f"Confusion matrix of the {side}"),
    )


def _column(points: Points, name: str) -> list[float]:
    return [float(point[name]) for point in points]
