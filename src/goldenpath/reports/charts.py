"""Charts in the house style: matplotlib drawings as inline SVG.

Each function returns markup that stands in an HTML page as it is. Text stays text, so it can be searched, selected and
read aloud. Colours are CSS variables with a light fallback, so that a page's dark and print styles reach into the
charts; no meaning hangs on colour alone. The same input always gives the same bytes.

Sizes are in units of the SVG's view box, in which text is 10 units tall. :data:`WIDTH` is chosen so that text stays
legible when the chart is as wide as a phone.
"""

from __future__ import annotations

import hashlib
import html
import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from goldenpath.reports import formatting
from goldenpath.reports.formatting import Estimate

Tone = Literal["first", "second", "third"]
"""Which of the house's three colours: the thing itself, its rival, and the rest."""

WIDTH = 340.0
HEIGHT = 230.0
ROW_HEIGHT = 24.0
UNITS_PER_INCH = 72.0
FONT_SIZE = 10.0
COLUMN_WIDTH = 6.0
"""Units that one column of text takes: somewhat more than most fonts need."""
LABEL_COLUMNS = 22
TICK_STEPS = (1, 2, 2.5, 5, 10)
PRINTED_COUNTS = 6
"""Up to this many classes a cell holds the count besides the share."""

# Okabe and Ito's blue and vermilion, told apart with every common colour blindness, and grey.
PALETTE = {
    "first": "#0072b2",
    "second": "#c2410c",
    "third": "#64748b",
    "ink": "#1e293b",
    "muted": "#576375",
    "grid": "#dfe3e8",
    "paper": "#fefefe",
}
MARKERS: dict[Tone, str] = {"first": "o", "second": "s", "third": "D"}
DASHES: dict[Tone, str] = {"first": "-", "second": "--", "third": ":"}

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "house style",
    "text.parse_math": False,
    "font.size": FONT_SIZE,
    "font.family": "DejaVu Sans",
    "text.color": PALETTE["ink"],
    "axes.labelcolor": PALETTE["muted"],
    "axes.edgecolor": PALETTE["grid"],
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.unicode_minus": True,
    "figure.facecolor": "none",
    "grid.color": PALETTE["grid"],
    "grid.linewidth": 0.8,
    "xtick.color": PALETTE["muted"],
    "ytick.color": PALETTE["muted"],
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "lines.linewidth": 2.0,
    "lines.markersize": 6.0,
    "hatch.linewidth": 0.5,
}


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes:
        label: What the legend says; empty for no entry.
        x: Where its points are.
        y: How high its points are.
        tone: Its colour, dash and marker.
        points: Whether the points themselves are drawn.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    tone: Tone = "first"
    points: bool = False


@dataclass(frozen=True)
class Mark:
    """A vertical line at ``x`` that says ``label``."""

    x: float
    label: str


@dataclass(frozen=True)
class Row:
    """One row of a chart of numbers: its name, its number with or without an interval, and its colour."""

    label: str
    found: Estimate
    tone: Tone = "first"


@dataclass(frozen=True)
class Pair:
    """One row of a chart of two numbers beside each other."""

    label: str
    upper: float
    lower: float


def lines(
    drawn: Sequence[Line],
    x_label: str,
    y_label: str,
    *,
    title: str,
    diagonal: str = "",
    mark: Mark | None = None,
    unit_square: bool = False,
    filled: bool = False,
) -> Markup:
    """Lines over a common x.

    Args:
        drawn: The lines.
        x_label: What x is, unit included.
        y_label: What y is, unit included.
        title: What the chart shows, for those who hear it.
        diagonal: What the line y = x means; empty for no such line.
        mark: A value of x to point at.
        unit_square: Whether both axes run from 0 to 1.
        filled: Whether the areas under the lines are shaded, for distributions.
    """
    with mpl.rc_context(STYLE):
        figure, axes = _canvas(HEIGHT, left=44, bottom=38, top=38)
        for line in drawn:
            axes.plot(
                line.x,
                line.y,
                color=PALETTE[line.tone],
                linestyle=DASHES[line.tone],
                marker=MARKERS[line.tone] if line.points else "",
                label=formatting.shortened(line.label, 40) or "_",
                clip_on=not unit_square,
                zorder=3,
            )
            if filled:
                axes.fill_between(line.x, line.y, color=PALETTE[line.tone], alpha=0.12, linewidth=0)
        if unit_square:
            axes.set(xlim=(0, 1), ylim=(0, 1))
        elif filled:
            axes.set_ylim(bottom=0)
        if diagonal:
            ends = _common_range(axes) if not unit_square else (0.0, 1.0)
            axes.plot(ends, ends, color=PALETTE["third"], linestyle=":", linewidth=1.2, label=diagonal, zorder=2)
        if mark is not None:
            _draw_mark(axes, mark)
        if any(line.label for line in drawn) or diagonal:
            _legend(axes)
        _label(axes, x_label, y_label)
        return _svg(figure, title)


def band(
    x: Sequence[float],
    found: Sequence[Estimate],
    x_label: str,
    y_label: str,
    *,
    title: str,
    levels: Sequence[tuple[float, str]] = (),
) -> Markup:
    """An estimate with its interval, as both become known.

    Args:
        x: Where the estimates are.
        found: The estimates; what has no interval is left out. Early intervals, which may be huge, are cut.
        x_label: What x is, unit included.
        y_label: What the estimates are, unit included.
        title: What the chart shows, for those who hear it.
        levels: Values to compare with, and what each means.
    """
    known = [(at, item.value, item.low, item.high) for at, item in zip(x, found, strict=True)]
    drawn = np.array([row for row in known if None not in row], dtype=np.float64).reshape(-1, 4)
    tones: tuple[Tone, ...] = ("third", "second")
    with mpl.rc_context(STYLE):
        figure, axes = _canvas(HEIGHT, left=44, bottom=38, top=38)
        at, value, low, high = drawn.T
        axes.fill_between(at, low, high, color=PALETTE["first"], alpha=0.16, linewidth=0)
        for end in (low, high):
            axes.plot(at, end, color=PALETTE["first"], linewidth=0.8)
        axes.plot(
            at, value, color=PALETTE["first"], marker=MARKERS["first"] if len(at) < 2 else "", label="_", zorder=3
        )
        for place, (level, label) in enumerate(levels):
            tone = tones[place % len(tones)]
            axes.axhline(
                level, color=PALETTE[tone], linestyle=DASHES[tone], linewidth=1.4, label=formatting.shortened(label, 24)
            )
        if len(at):
            marks = [level for level, _ in levels]
            reach = 2.5 * float(np.ptp([low[-1], high[-1], *marks]))
            ends = min([*low, *marks]), max([*high, *marks])
            if reach:
                axes.set_ylim(max(ends[0], value[-1] - reach), min(ends[1], value[-1] + reach))
            axes.margins(x=0.01)
        if levels:
            _legend(axes)
        _label(axes, x_label, y_label)
        return _svg(figure, title)


def ranges(rows: Sequence[Row], x_label: str, *, title: str, zero: bool = False) -> Markup:
    """Numbers with their intervals, one below the other on a common scale.

    Args:
        rows: The numbers, the first on top; rows without a number are left out.
        x_label: What the numbers are, unit included.
        title: What the chart shows, for those who hear it.
        zero: Whether a line stands at zero, for differences.
    """
    rows = [row for row in rows if row.found.value is not None]
    with mpl.rc_context(STYLE):
        figure, axes = _rows_canvas([row.label for row in rows], right=16)
        for place, row in enumerate(rows):
            value, low, high = row.found.value, row.found.low, row.found.high
            color = PALETTE[row.tone]
            if low is not None and high is not None:
                axes.plot([low, high], [place, place], color=color, linewidth=4, alpha=0.35, solid_capstyle="butt")
            axes.plot(
                [value or 0.0], [place], color=color, marker=MARKERS[row.tone], linestyle="", clip_on=False, zorder=4
            )
        if zero:
            axes.axvline(0, color=PALETTE["muted"], linewidth=0.8)
        axes.margins(x=0.06)
        _label(axes, x_label, "")
        return _svg(figure, title)


def bars(rows: Sequence[Row], x_label: str, *, title: str) -> Markup:
    """Horizontal bars from zero, with a thin line for each interval.

    Args:
        rows: The numbers, the first on top.
        x_label: What the numbers are, unit included.
        title: What the chart shows, for those who hear it.
    """
    with mpl.rc_context(STYLE):
        figure, axes = _rows_canvas([row.label for row in rows], right=16)
        for place, row in enumerate(rows):
            axes.barh(place, row.found.value or 0.0, height=0.62, color=PALETTE[row.tone], alpha=0.85)
            if row.found.low is not None and row.found.high is not None:
                axes.plot([row.found.low, row.found.high], [place, place], color=PALETTE["ink"], linewidth=1.2)
        axes.axvline(0, color=PALETTE["muted"], linewidth=0.8)
        _label(axes, x_label, "")
        return _svg(figure, title)


def pairs(rows: Sequence[Pair], legend: tuple[str, str], x_label: str, *, title: str) -> Markup:
    """Two horizontal bars for each name, one below the other, from zero.

    Args:
        rows: The numbers, the first on top.
        legend: What the upper and the lower bars are.
        x_label: What the numbers are, unit included.
        title: What the chart shows, for those who hear it.
    """
    tones: tuple[Tone, Tone] = ("third", "first")
    with mpl.rc_context(STYLE):
        figure, axes = _rows_canvas([row.label for row in rows], right=16, top=24)
        for place, row in enumerate(rows):
            for shift, value, tone in zip((-0.19, 0.19), (row.upper, row.lower), tones, strict=True):
                axes.barh(place + shift, value, height=0.34, color=PALETTE[tone], alpha=0.85)
        handles = [Rectangle((0, 0), 1, 1, facecolor=PALETTE[tone], alpha=0.85) for tone in tones]
        _legend(axes, handles, list(legend))
        axes.axvline(0, color=PALETTE["muted"], linewidth=0.8)
        _label(axes, x_label, "")
        return _svg(figure, title)


def histogram(
    middles: Sequence[float],
    counts: Sequence[float],
    x_label: str,
    y_label: str,
    *,
    title: str,
    mark: Mark | None = None,
) -> Markup:
    """Bars over bins of equal width.

    Args:
        middles: The middle of each bin.
        counts: The height of each bar.
        x_label: What is counted, unit included.
        y_label: What the heights are.
        title: What the chart shows, for those who hear it.
        mark: A value of x to point at.
    """
    with mpl.rc_context(STYLE):
        figure, axes = _canvas(HEIGHT, left=44, bottom=38, top=24)
        width = float(np.min(np.diff(middles))) if len(middles) > 1 else 1.0
        axes.bar(middles, counts, width=width * 0.92, color=PALETTE["first"], alpha=0.85)
        if mark is not None:
            _draw_mark(axes, mark)
        _label(axes, x_label, y_label)
        return _svg(figure, title)


def heatmap(
    labels: Sequence[str], counts: Sequence[Sequence[int]], row_label: str, column_label: str, *, title: str
) -> Markup:
    """A confusion matrix. A cell's shade is its share of its row.

    Args:
        labels: The classes, in the order of rows and columns.
        counts: Rows of cells, one list for each class that is actual.
        row_label: What the rows are.
        column_label: What the columns are.
        title: What the chart shows, for those who hear it.
    """
    size = len(labels)
    with_counts = size <= PRINTED_COUNTS
    short = [formatting.shortened(label, LABEL_COLUMNS if with_counts else 14) for label in labels]
    longest = max(formatting.columns(label) for label in short) * COLUMN_WIDTH
    with mpl.rc_context(STYLE):
        cell = max(24.0, min(90.0, (WIDTH - longest - 20) / size))
        tilted = longest > cell
        height = max(cell, 30.0) if not with_counts else min(cell, 58.0)
        head = (longest * 0.72 if tilted else 14.0) + 26
        figure, axes = _canvas(
            height * size + head + 6,
            left=longest + 12,
            bottom=6,
            top=head,
            right=10 + (longest * 0.72 if tilted else 0),
            inner=cell * size,
        )
        axes.grid(visible=False)
        for row in range(size):
            total = sum(counts[row])
            for column in range(size):
                part = counts[row][column] / total if total else 0.0
                tone = "first" if row == column else "second"
                axes.add_patch(
                    Rectangle(
                        (column - 0.47, row - 0.47), 0.94, 0.94, facecolor=PALETTE[tone], alpha=part * 0.5, linewidth=0
                    )
                )
                axes.text(
                    column,
                    row,
                    _cell_text(counts[row][column], part, with_counts),
                    ha="center",
                    va="center_baseline",
                    fontsize=FONT_SIZE if with_counts else 8,
                )
        axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
        axes.spines["bottom"].set_visible(False)
        axes.xaxis.tick_top()
        axes.set_yticks(range(size), short)
        axes.set_xticks(
            range(size), short, rotation=45 if tilted else 0, ha="left" if tilted else "center", rotation_mode="anchor"
        )
        figure.text(
            0,
            1,
            formatting.shortened(f"{row_label} ↓ {column_label} →", 60),
            color=PALETTE["muted"],
            va="top",
            fontsize=FONT_SIZE,
        )
        return _svg(figure, title)


def _cell_text(count: int, part: float, with_counts: bool) -> str:
    percent = f"{part:.0%}" if part >= 0.005 or not count else "<1%"
    if with_counts:
        return f"{count:,}\n{percent}"
    return percent.removesuffix("%") if count else ""


def _canvas(
    height: float, *, left: float, bottom: float, top: float, right: float = 14.0, inner: float | None = None
) -> tuple[Figure, Axes]:
    """A figure with one pair of axes; all sizes in units of the view box.

    The margins are set by hand: matplotlib measures text in a font that the reader may not have.
    """
    width = WIDTH if inner is None else max(WIDTH, left + inner + right)
    figure = Figure(figsize=(width / UNITS_PER_INCH, height / UNITS_PER_INCH))
    across = width - left - right if inner is None else inner
    axes = figure.add_axes((left / width, bottom / height, across / width, (height - top - bottom) / height))
    number = FuncFormatter(lambda value, _: _tick(value))
    axes.xaxis.set_major_formatter(number)
    axes.yaxis.set_major_formatter(number)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=TICK_STEPS))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=TICK_STEPS))
    return figure, axes


def _legend(axes: Axes, *handles_and_labels: Any) -> None:
    axes.legend(
        *handles_and_labels,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=3,
        frameon=False,
        borderpad=0,
        borderaxespad=0.3,
        columnspacing=1.2,
        handlelength=2.0,
        handletextpad=0.5,
        labelcolor=PALETTE["ink"],
    )


def _rows_canvas(labels: Sequence[str], right: float, top: float = 10.0) -> tuple[Figure, Axes]:
    short = [formatting.shortened(label, LABEL_COLUMNS) for label in labels]
    left = max((formatting.columns(label) for label in short), default=0) * COLUMN_WIDTH + 12
    height = ROW_HEIGHT * max(1, len(labels)) + 38 + top
    figure, axes = _canvas(height, left=left, bottom=38, top=top, right=right)
    axes.set_ylim(max(1, len(labels)) - 0.5, -0.5)
    axes.set_yticks(range(len(labels)), short)
    axes.tick_params(axis="y", labelcolor=PALETTE["ink"])
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=TICK_STEPS))
    return figure, axes


def _label(axes: Axes, x_label: str, y_label: str) -> None:
    axes.set_xlabel(formatting.shortened(x_label, 60), loc="right", fontsize=FONT_SIZE)
    if y_label:  # upright and above the axis, where nobody has to turn their head
        axes.figure.text(0, 1, formatting.shortened(y_label, 60), color=PALETTE["muted"], va="top", fontsize=FONT_SIZE)


def _draw_mark(axes: Axes, mark: Mark) -> None:
    low, high = axes.get_xlim()
    late = mark.x > (low + high) / 2
    axes.axvline(mark.x, color=PALETTE["ink"], linewidth=1.2, zorder=4)
    axes.annotate(
        formatting.shortened(mark.label, 30),
        (mark.x, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-5 if late else 5, -4),
        textcoords="offset points",
        ha="right" if late else "left",
        va="top",
        weight="bold",
        zorder=5,
    )


def _common_range(axes: Axes) -> tuple[float, float]:
    (x_low, x_high), (y_low, y_high) = axes.get_xlim(), axes.get_ylim()
    return max(x_low, y_low), min(x_high, y_high)


def _tick(value: float) -> str:
    text = f"{value:,.6f}".rstrip("0").rstrip(".")
    if abs(value) >= 1e6 or (value and text.strip("-") == "0"):
        text = f"{value:.4g}"
    return "0" if text == "-0" else text.replace("-", formatting.MINUS)


_PROLOG = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_SPACE = re.compile(r">\s+<")
_VIEW_BOX = re.compile(r"viewBox=\"([^\"]+)\"")
_FONT = re.compile(r"font: (?P<weight>(?:bold|\d{3}) )?(?P<size>[\d.]+)px [^;\"]+")
_NAME = re.compile(r" id=\"([^\"]+)\"")
_NAMED = re.compile(r"(url\(#|href=\"#)([^\")]+)")
_COLOR = re.compile("|".join(PALETTE.values()))
_VARIABLES = {color: f"var(--{name}, {color})" for name, color in PALETTE.items()}


def _svg(figure: Figure, title: str) -> Markup:
    """The figure as inline SVG: no prolog, no metadata, names that clash with no other chart's."""
    buffer = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # the reader's fonts draw the text, not ours
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = _PROLOG.sub("", buffer.getvalue())
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    used = {name for tag in _TAG.findall(text) for _, name in _NAMED.findall(tag)}

    def restyled(found: re.Match[str]) -> str:
        tag = _NAME.sub(lambda name: f' id="{digest}-{name[1]}"' if name[1] in used else "", found[0])
        tag = _NAMED.sub(rf"\g<1>{digest}-\g<2>", tag).replace("xlink:href", "href")
        tag = _FONT.sub(lambda font: f"font-size: {font['size']}px" + "; font-weight: 600" * bool(font["weight"]), tag)
        return _COLOR.sub(lambda color: _VARIABLES[color[0]], tag)

    opening, _, rest = _TAG.sub(restyled, text).partition(">")  # text cannot hold a bare ">", so tags are safe to edit
    box = _VIEW_BOX.search(opening)
    label = html.escape(formatting.shortened(title, 400))
    width = float(figure.get_figwidth()) * UNITS_PER_INCH
    wide = f' style="min-width: {width:.0f}px"' if width > WIDTH else ""  # scrolls rather than shrinks out of sight
    opening = f'<svg class="chart" viewBox="{box[1] if box else ""}"{wide} role="img" aria-label="{label}">'
    return Markup(opening + _SPACE.sub("><", rest).strip())  # noqa: S704 - matplotlib escapes every text it writes
