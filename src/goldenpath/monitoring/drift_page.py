"""The drift report as one page: the verdict, every column in a row, and pictures of what moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from goldenpath.project import contract
from goldenpath.project.params import Drift
from goldenpath.reports import charts, formatting, page
from goldenpath.reports.charts import Line, Pair, Row, Tone
from goldenpath.reports.formatting import Estimate

TEMPLATE = "drift.html.j2"
MOST_BARS = 25
MOST_PICTURES = 12
TONES: dict[str, Tone] = {"ok": "third", "moved": "first", "alarm": "second"}
STATES = {"ok": "good", "moved": "mixed", "alarm": "bad", "inconclusive": "mixed"}
WORDS = {"ok": "✓ ok", "moved": "! moved", "alarm": "✗ alarm"}
HEADLINES = {
    "ok": "The rows look like those that the model learned from.",
    "moved": "The rows have moved away from those that the model learned from, but not far enough for an alarm.",
    "alarm": "ALARM: the rows are no longer those that the model learned from.",
    "inconclusive": "Nothing can be said.",
}
TRAINING, NOW = "training", "now"


def render(told: Mapping[str, Any], limits: Drift) -> str:
    """The page.

    Args:
        told: The content of ``drift.json``.
        limits: By which it was judged.
    """
    columns, predictions = told["columns"], told["predictions"]
    moved = [move for move in (*predictions, *columns) if move["verdict"] != "ok"]
    ordered = sorted(columns, key=lambda move: -move["psi"])
    overall = told["overall"]
    return page.render(
        TEMPLATE,
        title=f"{contract.load().about.product}: drift",
        product=contract.load().about.product,
        tone=STATES[told["verdict"]],
        headline=HEADLINES[told["verdict"]],
        reasons=told["reasons"],
        measured=told["measured"],
        rows=told["rows"],
        source=told["source"],
        reference=told["reference"],
        period=_period(told),
        bars=_bars(ordered[:MOST_BARS]),
        bars_note=f" The {len(columns) - MOST_BARS} that moved least are not drawn."
        if len(columns) > MOST_BARS
        else "",
        weights=charts.bars(
            [
                Row("in alarm", Estimate(overall["alarm_share"]), "second"),
                Row("moved or in alarm", Estimate(overall["moved_share"]), "first"),
            ],
            "share of importance",
            title="Importance of the columns that moved",
        ),
        weights_note=f"Limits: {formatting.share(limits.overall.alarm, 0)} in alarm, "
        f"{formatting.share(limits.overall.moved, 0)} moved.",
        tables=[
            *(
                [{"title": "Predictions", "inputs": False, "moves": [_row(move) for move in predictions]}]
                if predictions
                else []
            ),
            {"title": "Inputs", "inputs": True, "moves": [_row(move) for move in columns]},
        ],
        not_compared=told["not_compared"],
        torn=told["torn_lines"],
        foreign=told["foreign_answers"],
        figures=[_figure(move) for move in moved[:MOST_PICTURES]],
        left_out=f"{len(moved) - MOST_PICTURES} more moved and are not drawn." if len(moved) > MOST_PICTURES else "",
        limits=limits,
        limit_rows=[
            ("Population stability index", limits.psi),
            ("Distance: Kolmogorov-Smirnov of numbers, total variation of categories", limits.distance),
            ("Change of the share of missing values", limits.missing),
            ("Share of categories that training never met", limits.unseen),
            ("Importance of the columns that moved, of all", limits.overall),
        ],
    )


def _period(told: Mapping[str, Any]) -> str:
    ends = [formatting.timestamp(told[key]) if told[key] else "" for key in ("since", "until")]
    return f"{ends[0] or 'the beginning'} to {ends[1] or 'the end'}" if any(ends) else ""


def _bars(moves: list[dict[str, Any]]) -> Markup:
    rows = [Row(move["column"], Estimate(move["psi"]), TONES[move["verdict"]]) for move in moves]
    return charts.bars(rows, "population stability index", title="How far each input moved")


def _row(move: Mapping[str, Any]) -> dict[str, str]:
    unseen = formatting.share(move["unseen"]) if move["kind"] == "category" else formatting.UNKNOWN
    then, now = (formatting.share(move[key]) for key in ("missing_before", "missing_after"))
    return {
        "column": move["column"],
        "words": WORDS[move["verdict"]],
        "tone": STATES[move["verdict"]],
        "psi": formatting.number(move["psi"], 3),
        "distance": formatting.number(move["distance"], 3),
        "p": "< 0.001" if move["p_adjusted"] < 0.001 else formatting.number(move["p_adjusted"], 3),
        "missing": f"{then} → {now}",
        "unseen": unseen,
        "importance": formatting.share(move["importance"]),
        "why": _why(move),
    }


def _why(move: Mapping[str, Any]) -> str:
    told = list(move["why"])
    if move["unseen_values"]:
        told.append(f"new: {formatting.listed(move['unseen_values'])}")
    if move["below"] is not None:
        told.append(f"down to {formatting.number(move['below'])}, below all of training")
    if move["above"] is not None:
        told.append(f"up to {formatting.number(move['above'])}, above all of training")
    return formatting.sentence("; ".join(told))


def _figure(move: Mapping[str, Any]) -> dict[str, Any]:
    picture, title = move["picture"], f"{move['column']}: training and now"
    if picture["names"]:
        rows = [Pair(*row) for row in zip(picture["names"], picture["before"], picture["after"], strict=True)]
        chart = charts.pairs(rows, (TRAINING, NOW), "share of rows", title=title)
    else:
        drawn = [
            Line(TRAINING, picture["places"], picture["before"], "third"),
            Line(NOW, picture["places"], picture["after"], "first"),
        ]
        chart = charts.lines(drawn, move["column"], "share of the rows that have a value", title=title, filled=True)
    return {"title": move["column"], "caption": _why(move), "chart": chart}
