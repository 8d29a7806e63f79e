"""The page's third part: every number, and what it takes to make them again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from goldenpath.reports import charts, formatting
from goldenpath.reports.business import plain
from goldenpath.reports.formatting import Estimate
from goldenpath.reports.inputs import Inputs
from goldenpath.reports.measures import Outcome, measure, outcome
from goldenpath.reports.provenance import Provenance

MOST_BARS = 25
MOST_CLASSES = 20
RIVALS = ("simple", "constant")
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class MetricRow:
    """One metric of the model beside its baselines.

    Attributes:
        label: The metric.
        meaning: What it says.
        better: ``higher`` or ``lower``.
        numbers: Number and interval of the model, the simple and the constant baseline.
        gains: Number and interval of the model's gain over the simple and over the constant baseline, and what it says.
    """

    label: str
    meaning: str
    better: str
    numbers: tuple[tuple[str, str], ...]
    gains: tuple[tuple[str, str, Outcome], ...]


@dataclass(frozen=True)
class Drawing:
    """A chart with its heading and what to look for."""

    title: str
    caption: str
    chart: Markup


@dataclass(frozen=True)
class SplitRow:
    """One part of the split, in words."""

    name: str
    rows: int
    share: str
    period: str
    target: str


@dataclass(frozen=True)
class Technical:
    """What the technical section tells."""

    metrics: tuple[MetricRow, ...]
    drawings: tuple[Drawing, ...]
    importance: Drawing | None
    split: tuple[SplitRow, ...]
    parity: str
    params: tuple[tuple[str, str], ...]
    provenance: Provenance


def describe(inputs: Inputs, provenance: Provenance) -> Technical:
    """Gather the technical section."""
    return Technical(
        metrics=tuple(_metric_row(inputs, name) for name in inputs.metrics["model"]),
        drawings=tuple(_drawings(inputs)),
        importance=_importance(inputs),
        split=tuple(_split_row(inputs, part) for part in PARTS),
        parity=_parity(inputs),
        params=tuple(_flat(inputs.params.model_dump(mode="json"))),
        provenance=provenance,
    )


def _metric_row(inputs: Inputs, name: str) -> MetricRow:
    spoken = measure(name, inputs.params.value.currency)
    records = (inputs.metrics["model"], *(inputs.metrics["baseline"].get(rival, {}) for rival in RIVALS))
    gains = [spoken.estimate(inputs.metrics["gain"].get(rival, {}).get(name)) for rival in RIVALS]
    return MetricRow(
        label=spoken.label,
        meaning=spoken.meaning,
        better="higher" if spoken.higher_is_better else "lower",
        numbers=tuple(formatting.parts(spoken.estimate(record.get(name))) for record in records),
        gains=tuple((*formatting.parts(gain, sign=True), outcome(gain, spoken.higher_is_better)) for gain in gains),
    )


def _drawings(inputs: Inputs) -> Iterator[Drawing]:
    plots, target = inputs.plots, inputs.signature.target
    if points := plots.get("roc"):
        yield Drawing(
            "ROC curve",
            "Each point is a threshold; the further above the diagonal, the better the ranking.",
            charts.lines(
                [charts.Line("model", _column(points, "false_positive_rate"), _column(points, "true_positive_rate"))],
                "False positive rate",
                "True positive rate",
                title="ROC curve of the model",
                diagonal="chance",
                unit_square=True,
            ),
        )
    if points := plots.get("precision_recall"):
        yield Drawing(
            "Precision and recall",
            "What share of the alarms is right (up), for each share of positives found (right).",
            charts.lines(
                [charts.Line("model", _column(points, "recall"), _column(points, "precision"))],
                "Recall",
                "Precision",
                title="Precision of the model by recall",
                unit_square=True,
            ),
        )
    if points := plots.get("scores"):
        yield Drawing(
            "Scores by class",
            "The less the two overlap, the better the model tells them apart. Each area is one class's rows.",
            _score_chart(inputs, points),
        )
    if cells := plots.get("confusion"):
        labels, counts = _confusion(cells)
        yield Drawing(
            "Confusion matrix",
            "Rows that are actually one class and predicted as another; shade and percentage are shares of the actual "
            "class, so each line sums to 100.",
            charts.heatmap(labels, counts, "actual", "predicted", title=f"Confusion matrix of {target}"),
        )
    if points := plots.get("predicted_actual"):
        yield Drawing(
            "Predicted and actual",
            "Twentieths of the test rows, from the lowest predictions to the highest.",
            charts.lines(
                [charts.Line("model", _column(points, "predicted"), _column(points, "actual"), points=True)],
                f"Mean prediction of {target}",
                f"Mean of {target}",
                title="Mean prediction against mean target",
                diagonal="perfect",
            ),
        )
    if points := plots.get("residuals"):
        yield Drawing(
            "Residuals",
            "Prediction less actual value: right of zero the model said too much. The outermost percent is left out.",
            charts.histogram(
                _column(points, "residual"),
                _column(points, "rows"),
                f"Prediction less actual {target}",
                "Test rows",
                title="Histogram of the residuals",
                mark=charts.Mark(0.0, "right"),
            ),
        )


def _column(points: list[dict[str, Any]], name: str) -> list[float]:
    return [float(point[name]) for point in points]


def _score_chart(inputs: Inputs, points: list[dict[str, Any]]) -> Markup:
    threshold = inputs.metrics.get("threshold")
    tones: tuple[charts.Tone, charts.Tone] = ("third", "first")
    drawn = []
    for index, tone in enumerate(tones):
        counts = _column(points, f"rows_{index}")
        total = sum(counts) or 1.0
        label = f"{inputs.signature.target} is {plain(inputs.signature.classes[index])}"
        drawn.append(
            charts.Line(
                formatting.shortened(label, 24), _column(points, "score"), [100 * c / total for c in counts], tone
            )
        )
    return charts.lines(
        drawn,
        "Score",
        "% of the class's rows",
        title="Histogram of the scores by actual class",
        mark=None if threshold is None else charts.Mark(threshold, f"threshold {formatting.number(threshold)}"),
        filled=True,
    )


def _confusion(cells: list[dict[str, Any]]) -> tuple[list[str], list[list[int]]]:
    """Classes and counts; beyond :data:`MOST_CLASSES` the rarest classes become one."""
    totals: dict[str, int] = {}
    for cell in cells:
        totals[cell["actual"]] = totals.get(cell["actual"], 0) + cell["rows"]
    kept = list(totals)
    if len(totals) > MOST_CLASSES:
        frequent = set(sorted(totals, key=lambda label: -totals[label])[: MOST_CLASSES - 1])
        kept = [label for label in totals if label in frequent]
    rest = f"{len(totals) - len(kept):,} others"
    labels = kept if len(kept) == len(totals) else [*kept, rest]
    index = {label: kept.index(label) if label in kept else len(kept) for label in totals}
    counts = [[0] * len(labels) for _ in labels]
    for cell in cells:
        counts[index[cell["actual"]]][index[cell["predicted"]]] += cell["rows"]
    return labels, counts


def _importance(inputs: Inputs) -> Drawing | None:
    found = inputs.plots.get("importance", [])
    if not found:
        return None
    rows = [
        charts.Row(
            item["column"],
            Estimate(item["importance"], item["importance"] - item["spread"], item["importance"] + item["spread"]),
        )
        for item in found[:MOST_BARS]
    ]
    unit = {"binary": "ROC AUC", "multiclass": "log loss", "regression": "mean absolute error"}[inputs.metrics["task"]]
    left_out = (
        f" The {len(found) - MOST_BARS:,} least important columns are not drawn." if len(found) > MOST_BARS else ""
    )
    return Drawing(
        "Permutation importance",
        f"How much worse the {unit} gets when a column's values are shuffled between rows (Breiman, 2001); the thin "
        "line is one standard deviation either way. Around zero or below, the model does without the column. Columns "
        f"that say the same share their importance.{left_out}",
        charts.bars(rows, f"Loss of {unit} when shuffled", title="Permutation importance of the columns"),
    )


def _split_row(inputs: Inputs, part: str) -> SplitRow:
    facts = inputs.split[part]
    total = sum(inputs.split[name]["rows"] for name in PARTS)
    period = (
        f"{formatting.timestamp(facts['from'])} to {formatting.timestamp(facts['to'])}"
        if facts.get("from")
        else formatting.UNKNOWN
    )
    if "target_shares" in facts:
        shares = sorted(facts["target_shares"].items(), key=lambda item: -item[1])
        target = formatting.listed([f"{label} {formatting.share(part)}" for label, part in shares], 6)
    elif inputs.metrics["task"] == "binary":
        target = formatting.share(facts.get("target_mean"))
    else:
        target = formatting.number(facts.get("target_mean"))
    return SplitRow(part, facts["rows"], formatting.share(facts["rows"] / total if total else None), period, target)


def _parity(inputs: Inputs) -> str:
    found = inputs.parity
    flips = found.get("flipped_decisions")
    decided = "" if inputs.metrics["task"] == "regression" else f" {flips or 0:,} decisions flip."
    return (
        f"On {formatting.counted(found['rows'], 'test row')} ONNX Runtime and scikit-learn differ by at most "
        f"{formatting.number(found.get('max_difference'))}; "
        f"{formatting.share(found.get('share_within_tolerance'), 2)} of the rows are "
        f"within {formatting.number(found.get('tolerance'))}.{decided}"
    )


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif value is not None:
            yield f"{prefix}{key}", str(value)
