"""How the model stands to the champion: the headline, every metric, and the segments that moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from goldenpath.evaluation.metrics import HEADLINE
from goldenpath.gates.report import verdicts
from goldenpath.gates.report.collect import Facts
from goldenpath.gates.report.outline import Name, Number, Picture, Section, Table
from goldenpath.project.paths import SPLIT
from goldenpath.reports import charts, formatting
from goldenpath.reports.formatting import Estimate
from goldenpath.reports.measures import Measure, measure, outcome

METRICS = "Metrics"
SEGMENTS = "Segments"
PAIRED = "non_inferiority."
"""The gates whose value is the paired difference of a metric, above zero where the candidate is better."""
SAID = {"better": "better", "worse": "WORSE", "undecided": "may be chance", "unknown": formatting.UNKNOWN}
MOST_DRAWN = 8
NO_RESULTS = "The pipeline left no metrics here: run `make run`."


@dataclass(frozen=True)
class Move:
    """A segment before and now."""

    column: str
    group: str
    rows: tuple[int | None, int | None]
    before: Estimate
    now: Estimate

    @property
    def by(self) -> float | None:
        """The difference of the two."""
        if self.before.value is None or self.now.value is None:
            return None
        return self.now.value - self.before.value

    @property
    def is_apart(self) -> bool:
        """Whether the two intervals have nothing in common."""
        ends = (self.before.low, self.before.high, self.now.low, self.now.high)
        if any(end is None for end in ends):
            return False
        low, high, now_low, now_high = (float(end or 0.0) for end in ends)
        return now_low > high or now_high < low


def headline(facts: Facts) -> str:
    """How the model stands to the champion in the metric that counts first."""
    now = facts.now.metrics
    if not now:
        return NO_RESULTS
    name = HEADLINE[now["task"]]
    spoken = measure(name, _currency(facts))
    alone = f"{formatting.sentence(spoken.label)} {formatting.estimate(spoken.estimate(now['model'].get(name)))}"
    report = verdicts.of_model(facts)
    if report and (paired := _paired(report, name, spoken)):
        said = {
            "better": "better, beyond chance",
            "worse": "WORSE, beyond chance",
            "undecided": "which may be chance",
        }.get(outcome(paired, True), "without an interval")
        rows = formatting.counted(report["rows"]["compared"], "held-out row")
        return (
            f"{alone}; {formatting.estimate(paired, sign=True)} against the champion on the same {rows}: {said}"
            f"{'' if spoken.higher_is_better else ' (above zero the candidate is better)'}."
        )
    if report:
        return f"{alone}. {report['champion']['reason']}"
    if not facts.before.metrics:
        return f"{alone}. The base has no model to compare with."
    return f"{alone}. It was not compared with the champion on the same rows: run `goldenpath gate model`."


def metrics(facts: Facts) -> Section:
    """Every metric of the candidate beside the base's."""
    now, before = facts.now.metrics, facts.before.metrics
    if not now:
        return Section(METRICS, (NO_RESULTS,))
    report, compares = verdicts.of_model(facts), _same_kind(facts)
    rows = []
    for name, record in now["model"].items():
        spoken = measure(name, _currency(facts))
        paired = _paired(report, name, spoken)
        then = spoken.estimate(before["model"].get(name)) if compares else Estimate(None)
        rows.append(
            (
                formatting.sentence(spoken.label),
                Number(*formatting.parts(paired, sign=True)) if paired else formatting.UNKNOWN,
                SAID[outcome(paired, True)] if paired else formatting.UNKNOWN,
                Number(*formatting.parts(spoken.estimate(record))),
                Number(*formatting.parts(then)),
                "higher" if spoken.higher_is_better else "lower",
            )
        )
    sentences = [report["champion"]["reason"]] if report else []
    if not before:
        sentences.append("The base has no metrics: this is the first model.")
    elif not compares:
        sentences.append(f"The base solves another problem ({before.get('task')}), so its metrics are not shown.")
    notes = ["Brackets hold bootstrap intervals.", "The gain is paired: above zero, the candidate is better."]
    if compares and facts.before.digests.get(str(SPLIT)) != facts.now.digests.get(str(SPLIT)):
        notes.append(
            "Base and candidate were evaluated on their own test rows, which differ: only the gain compares them."
        )
    header = ("Metric", "Gain, same rows", "Which is", "Candidate", "Base", "Better")
    table = Table(header, tuple(rows), frozenset({1, 3, 4}))
    return Section(METRICS, tuple(sentences), (table,), notes=tuple(notes))


def segments(facts: Facts) -> Section:
    """The groups whose headline metric moved most."""
    now, before = facts.now.metrics, facts.before.metrics
    if not now:
        return Section(SEGMENTS, (NO_RESULTS,))
    if not facts.now.segments:
        return Section(SEGMENTS, ("contract.yaml gives no column the role segment or protected.",))
    name = HEADLINE[now["task"]]
    spoken = measure(name, _currency(facts))
    then = facts.before.segments if _same_kind(facts) else []
    moves = _moves(then, facts.now.segments, name, spoken)
    told = [item for item in moves if item.before.value is not None or item.now.value is not None]
    few = len(moves) - len(told)
    sentences = _segment_sentences(before, told, spoken)
    if few:
        sentences.append(f"{formatting.counted(few, 'group')} with too few rows to judge left out.")
    rows = tuple(
        (
            Name(item.column),
            item.group,
            formatting.signed(item.by),
            "beyond chance" if item.is_apart else "may be chance" if item.by is not None else "one side only",
            Number(*formatting.parts(item.now)),
            Number(*formatting.parts(item.before)),
            f"{formatting.number(item.rows[0])} → {formatting.number(item.rows[1])}",
        )
        for item in told
    )
    label = formatting.sentence(spoken.label)
    header = ("Column", "Group", "Moved by", "Which is", f"{label}, now", "Base", "Test rows")
    pictures = (_picture(told, label),) if then and told else ()
    return Section(
        SEGMENTS,
        tuple(sentences),
        (Table(header, rows, frozenset({2, 4, 5, 6})),) if rows else (),
        pictures,
        notes=(
            "Each side on its own test rows. Beyond chance: the two intervals have nothing in common.",
            f"{'Higher' if spoken.higher_is_better else 'Lower'} is better.",
        ),
        is_detail=True,
    )


def _segment_sentences(before: Mapping[str, Any], told: list[Move], spoken: Measure) -> list[str]:
    if not before:
        return ["The base has no segments to compare with."]
    apart = [item for item in told if item.is_apart]
    if not apart:
        return [f"No group's {spoken.label} moved beyond chance."]
    named = [f"{item.column} {item.group} ({formatting.signed(item.by)})" for item in apart]
    return [f"Moved beyond chance in {spoken.label}: {formatting.listed(named, 8)}."]


def _moves(before: list[dict[str, Any]], now: list[dict[str, Any]], name: str, spoken: Measure) -> list[Move]:
    """Groups of either side; those that moved furthest come first."""
    sides = [{(item["column"], str(item["group"])): item for item in records} for records in (before, now)]
    moves = []
    for column, group in dict.fromkeys([*sides[1], *sides[0]]):
        records = [side.get((column, group)) for side in sides]
        then, here = (_estimate(record, name, spoken) for record in records)
        rows = tuple(None if record is None else record["rows"] for record in records)
        moves.append(Move(column, group, (rows[0], rows[1]), then, here))
    return sorted(moves, key=lambda item: (not item.is_apart, item.by is None, -abs(item.by or 0.0)))


def _estimate(record: Mapping[str, Any] | None, name: str, spoken: Measure) -> Estimate:
    if record is None or not record.get("metrics"):
        return Estimate(None)
    ends = (record.get("intervals") or {}).get(name) or {}
    return spoken.estimate({"value": record["metrics"].get(name), **ends})


def _picture(told: list[Move], label: str) -> Picture:
    rows = []
    for item in told[:MOST_DRAWN]:
        rows.append(charts.Row(f"{item.group}, base", item.before, "second"))
        rows.append(charts.Row(f"{item.group}, now", item.now, "first"))
    return Picture(
        "Groups that moved most",
        "Orange squares: the base; blue dots: the candidate; the bars are their intervals.",
        charts.ranges(rows, label, title=f"{label} of the groups that moved most, base and candidate"),
    )


def _paired(report: Mapping[str, Any], name: str, spoken: Measure) -> Estimate | None:
    """The gain on the same rows, in the unit that is told; None where the gate did not measure it."""
    for gate in report.get("gates", []):
        if gate["name"] == f"{PAIRED}{name}" and gate["value"] is not None:
            return Estimate(gate["value"], gate["low"], gate["high"]).times(spoken.factor)
    measured = report.get("measured", {})
    if report.get("rows", {}).get("compared") != report.get("rows", {}).get("held_out"):
        return None  # the two were measured on different rows
    sides = [measured.get(model, {}).get(name) for model in ("candidate", "champion")]
    if None in sides:
        return None
    gain = float(sides[0]) - float(sides[1])
    return Estimate(gain if spoken.higher_is_better else -gain).times(spoken.factor)


def _same_kind(facts: Facts) -> bool:
    return bool(facts.before.metrics) and facts.before.metrics.get("task") == facts.now.metrics.get("task")


def _currency(facts: Facts) -> str:
    value = facts.now.params.get("value")
    return str(value.get("currency", "")) if isinstance(value, Mapping) else ""
