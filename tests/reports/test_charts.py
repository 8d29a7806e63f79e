from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest
from markupsafe import Markup

from goldenpath.reports import charts
from goldenpath.reports.charts import Line, Mark, Row
from goldenpath.reports.formatting import Estimate

HOSTILE = "<b>&\"' $\\frac{1}{2}$ 航空 \x07"


def every_chart(label: str) -> list[Markup]:
    rows = [Row(label, Estimate(0.5, 0.4, 0.6)), Row("other", Estimate(-1.0), "second")]
    line = Line(label, [0.0, 0.5, 1.0], [0.0, 0.7, 1.0], points=True)
    return [
        charts.lines([line], label, label, title=label, diagonal="chance", mark=Mark(0.5, label)),
        charts.lines([line], label, label, title=label, unit_square=True, filled=True),
        charts.band([1.0, 2.0], [Estimate(0.5, 0.1, 0.9)] * 2, label, label, title=label, levels=[(0.0, label)]),
        charts.ranges(rows, label, title=label),
        charts.bars(rows, label, title=label),
        charts.histogram([0.0, 1.0], [3, 4], label, label, title=label, mark=Mark(0.0, label)),
        charts.heatmap([label, "other"], [[5, 0], [10**12, 0]], label, label, title=label),
        charts.heatmap([f"{label}{n}" for n in range(8)], [[n] * 8 for n in range(8)], label, label, title=label),
    ]


def test_charts_hold_any_label_as_text() -> None:
    for drawing in every_chart(HOSTILE):
        root = ET.fromstring(drawing)

        assert root.tag == "svg"
        assert not {"b", "script", "metadata"} & {element.tag for element in root.iter()}
        assert any("<b>&\"' $" in (element.text or "") for element in root.iter("text"))


def test_the_same_chart_has_the_same_bytes() -> None:
    rows = [Row("a", Estimate(0.5, 0.4, 0.6))]

    assert charts.ranges(rows, "x", title="t") == charts.ranges(rows, "x", title="t")


def test_colours_can_be_changed_by_the_page() -> None:
    drawing = charts.bars([Row("a", Estimate(1.0))], "x", title="t")

    assert f"var(--first, {charts.PALETTE['first']})" in drawing


@pytest.mark.parametrize(
    "draw",
    [
        lambda: charts.lines([Line("one", [0.5], [0.5])], "x", "y", title="t", diagonal="d"),
        lambda: charts.ranges([Row("none", Estimate(None))], "x", title="t"),
        lambda: charts.band([1.0], [Estimate(None)], "x", "y", title="t", levels=[(0.0, "zero")]),
        lambda: charts.band([1.0], [Estimate(0.5, 0.5, 0.5)], "x", "y", title="t"),
        lambda: charts.bars([], "x", title="t"),
        lambda: charts.histogram([1.0], [0], "x", "y", title="t"),
        lambda: charts.heatmap(["only"], [[0]], "r", "c", title="t"),
    ],
    ids=["lines", "ranges", "no band", "one look", "bars", "histogram", "heatmap"],
)
def test_next_to_nothing_can_be_drawn(draw: Callable[[], Markup]) -> None:
    assert draw().startswith("<svg")
