"""The page's first part: what the model decides, and what its mistakes cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from markupsafe import Markup

from goldenpath.reports import charts, formatting
from goldenpath.reports.formatting import Estimate
from goldenpath.reports.inputs import Inputs
from goldenpath.reports.measures import PER_ROWS, measure, outcome


@dataclass(frozen=True)
class Policy:
    """One way to decide, and what it costs.

    Attributes:
        name: The way to decide.
        explanation: What it does.
        tone: Its colour in the charts.
        cost: The cost of its mistakes for :data:`PER_ROWS` rows.
        saving: What the model saves against it; None for the model itself, and where no paired difference is known.
    """

    name: str
    explanation: str
    tone: charts.Tone
    cost: Estimate
    saving: Estimate | None = None


@dataclass(frozen=True)
class Business:
    """What the business section tells.

    Attributes:
        question: What the model answers.
        decision: What follows from the answer.
        prices: What each kind of mistake costs.
        outcomes: What happens to :data:`PER_ROWS` rows, as (count, words); empty unless two classes are told apart.
        policies: The model and its rivals.
        comparisons: The policies in sentences.
        cost_chart: The policies drawn; None when no cost is known.
        threshold: Why the threshold is where it is, in sentences; empty without one.
        threshold_chart: Cost by threshold; None without one.
    """

    question: str
    decision: str
    prices: str
    outcomes: tuple[tuple[str, str], ...]
    policies: tuple[Policy, ...]
    comparisons: tuple[str, ...]
    cost_chart: Markup | None
    threshold: tuple[str, ...]
    threshold_chart: Markup | None


def describe(inputs: Inputs) -> Business:
    """Gather the business section."""
    policies = _policies(inputs)
    currency = inputs.params.value.currency
    unit = f"{currency} per {PER_ROWS:,} rows"
    known = [policy for policy in policies if policy.cost.value is not None]
    return Business(
        question=_question(inputs),
        decision=_decision(inputs),
        prices=_prices(inputs),
        outcomes=_outcomes(inputs),
        policies=policies,
        comparisons=tuple(_comparison(policy, unit) for policy in policies if policy.saving is not None),
        cost_chart=charts.ranges(
            [charts.Row(policy.name, policy.cost, policy.tone) for policy in known],
            f"Cost of mistakes, {unit}",
            title="What mistakes cost with the model and without it",
        )
        if known
        else None,
        threshold=_threshold(inputs, unit),
        threshold_chart=_threshold_chart(inputs, unit),
    )


def wilson(count: float, rows: float, confidence: float) -> Estimate:
    """A share and its interval (Wilson, 1927), which stays within 0 and 1 and holds for few rows too."""
    if rows <= 0:
        return Estimate(None)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    part = count / rows
    middle = (part + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * math.sqrt(part * (1 - part) / rows + z * z / (4 * rows * rows))
    return Estimate(part, max(0.0, middle - half), min(1.0, middle + half))


def mean_of(counted: Sequence[tuple[float, int]], confidence: float) -> Estimate:
    """The mean of values that occur so many times, with its normal interval.

    Args:
        counted: Values and how many rows have each.
        confidence: Coverage of the interval.
    """
    rows = sum(count for _, count in counted)
    if rows == 0:
        return Estimate(None)
    mean = sum(value * count for value, count in counted) / rows
    variance = sum((value - mean) ** 2 * count for value, count in counted) / rows
    half = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(variance / rows)
    return Estimate(mean, mean - half, mean + half)


def positive_name(inputs: Inputs) -> str:
    """The positive class as people say it: ``late`` for a true ``late``, else ``status is gone``."""
    signature = inputs.signature
    positive = signature.classes[-1]
    return formatting.shortened(
        signature.target if positive is True else f"{signature.target} is {plain(positive)}", 60
    )


def plain(value: Any) -> str:
    """A class as people write it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _question(inputs: Inputs) -> str:
    if inputs.metrics["task"] == "binary":
        return (
            f"For each row the model estimates how likely it is that "
            f"{inputs.signature.target} is {plain(inputs.signature.classes[-1])}."
        )
    if inputs.metrics["task"] == "multiclass":
        classes = [formatting.shortened(plain(value), 40) for value in inputs.signature.classes]
        return (
            f"For each row the model estimates which of {len(classes):,} classes {inputs.signature.target} is: "
            f"{formatting.listed(classes, 8)}."
        )
    return f"For each row the model predicts the number {inputs.signature.target}."


def _decision(inputs: Inputs) -> str:
    if inputs.metrics["task"] == "binary":
        return f"It raises the alarm when the estimate is {formatting.number(inputs.metrics.get('threshold'))} or more."
    if inputs.metrics["task"] == "multiclass":
        return "It answers with the most likely class."
    return ""


def _prices(inputs: Inputs) -> str:
    value = inputs.params.value
    if inputs.metrics["task"] == "binary":
        return (
            f"A positive that is missed costs {formatting.number(value.missed)} {value.currency}; "
            f"a false alarm costs {formatting.number(value.false_alarm)} {value.currency}."
        )
    if inputs.metrics["task"] == "multiclass":
        return f"A wrong class costs {formatting.number(value.wrong_class)} {value.currency}."
    return f"Each unit by which a prediction is off costs {formatting.number(value.per_unit_error)} {value.currency}."


def _cells(inputs: Inputs) -> tuple[int, int, int, int] | None:
    """Right silence, false alarm, miss, catch: the four cells of two classes."""
    cells = [cell["rows"] for cell in inputs.plots.get("confusion", [])]
    if inputs.metrics["task"] != "binary" or len(cells) != 4 or not sum(cells):
        return None
    return cells[0], cells[1], cells[2], cells[3]


def _outcomes(inputs: Inputs) -> tuple[tuple[str, str], ...]:
    cells = _cells(inputs)
    if cells is None:
        return ()
    silent, false_alarm, missed, caught = (cell * PER_ROWS / sum(cells) for cell in cells)
    return (
        (_per_rows(missed + caught), f"are positive ({positive_name(inputs)})"),
        (_per_rows(caught), "of those are found"),
        (_per_rows(missed), "of those are missed"),
        (_per_rows(false_alarm), "others get a false alarm"),
        (_per_rows(silent), "others are rightly left alone"),
    )


def _per_rows(count: float) -> str:
    return formatting.number(count, 0) if count >= 10 or count == 0 else formatting.number(count, 1)


def _policies(inputs: Inputs) -> tuple[Policy, ...]:
    cost = measure("cost_per_row")
    metrics = inputs.metrics

    def against(name: str) -> Estimate:
        return cost.estimate(metrics["gain"].get(name, {}).get("cost_per_row")).times(-1)

    def of_baseline(name: str) -> Estimate:
        return cost.estimate(metrics["baseline"].get(name, {}).get("cost_per_row"))

    constant_name, constant_explanation = _constant(inputs)
    return (
        Policy("This model", "Decides by all features.", "first", cost.estimate(metrics["model"].get("cost_per_row"))),
        Policy(
            "Simple baseline",
            "A linear model on the same features and rows"
            + (", at its own best threshold." if metrics["task"] == "binary" else "."),
            "second",
            of_baseline("simple"),
            against("simple"),
        ),
        Policy(constant_name, constant_explanation, "third", of_baseline("constant"), against("constant")),
        *_other_constant(inputs, constant_name),
    )


UNSEEN = "The test rows had no part in the choice."
NEVER, ALWAYS = "Never alarm", "Alarm for every row"
_EXPLAINED = {NEVER: "Every positive is missed.", ALWAYS: "Every negative gets a false alarm."}


def _constant(inputs: Inputs) -> tuple[str, str]:
    if inputs.metrics["task"] == "multiclass":
        return "Most frequent class", "The same class for every row: the most frequent one in training."
    if inputs.metrics["task"] == "regression":
        return "Median of training", "The same number for every row: the median in training."
    recall = (inputs.metrics["baseline"].get("constant", {}).get("recall") or {}).get("value")
    name = NEVER if recall == 0 else ALWAYS if recall == 1 else "Constant baseline"
    return name, _EXPLAINED.get(name, "The same answer for every row.")


def _other_constant(inputs: Inputs, constant: str) -> tuple[Policy, ...]:
    """The opposite of the constant baseline, whose cost follows from the share of positives alone."""
    cells = _cells(inputs)
    if cells is None or constant not in _EXPLAINED:
        return ()
    silent, false_alarm, missed, caught = cells
    other = NEVER if constant == ALWAYS else ALWAYS
    value, confidence = inputs.params.value, inputs.params.evaluation.confidence
    if other == NEVER:
        wrong, price = missed + caught, value.missed
        saved = ((value.missed, caught), (-value.false_alarm, false_alarm), (0.0, silent + missed))
    else:
        wrong, price = silent + false_alarm, value.false_alarm
        saved = ((value.false_alarm, silent), (-value.missed, missed), (0.0, caught + false_alarm))
    cost = wilson(wrong, sum(cells), confidence).times(price * PER_ROWS)
    return (Policy(other, _EXPLAINED[other], "third", cost, mean_of(saved, confidence).times(PER_ROWS)),)


def _comparison(policy: Policy, unit: str) -> str:
    saving = policy.saving or Estimate(None)
    name, signed = f"“{policy.name}”", formatting.estimate(saving, sign=True)
    return {
        "better": f"Against {name} the model saves {formatting.estimate(saving)} {unit}.",
        "worse": f"Against {name} the model LOSES {formatting.estimate(saving.times(-1))} {unit}.",
        "undecided": f"Against {name} no saving is shown: {signed} {unit} may be chance.",
        "unknown": f"Against {name} the saving is not known.",
    }[outcome(saving, True)]


def _threshold(inputs: Inputs, unit: str) -> tuple[str, ...]:
    threshold, value = inputs.metrics.get("threshold"), inputs.params.value
    if threshold is None:
        return ()
    sentences = [
        f"The threshold is {formatting.number(threshold)}: there mistakes cost least on the validation rows. {UNSEEN}",
    ]
    if value.missed + value.false_alarm > 0:
        alarm, missed = formatting.number(value.false_alarm), formatting.number(value.missed)
        even = formatting.number(value.false_alarm / (value.missed + value.false_alarm))
        sentences.append(
            f"At these prices an alarm pays off from a probability of {even} ({alarm} / ({alarm} + {missed})). The "
            "chosen threshold differs from that as far as probabilities were off on the validation rows, or by chance."
        )
    points = inputs.plots.get("cost", [])
    if points:
        here = min(points, key=lambda point: abs(point["threshold"] - threshold))
        best = min(points, key=lambda point: point["cost_per_row"])
        lost = (here["cost_per_row"] - best["cost_per_row"]) * PER_ROWS
        sentences.append(
            f"On the test rows {formatting.number(best['threshold'])} would have been cheapest, "
            + (f"by {formatting.number(lost)} {unit}." if lost > 0 else "at the same cost.")
        )
    return tuple(sentences)


def _threshold_chart(inputs: Inputs, unit: str) -> Markup | None:
    points, threshold = inputs.plots.get("cost", []), inputs.metrics.get("threshold")
    if not points or threshold is None:
        return None
    return charts.lines(
        [charts.Line("", [point["threshold"] for point in points], [p["cost_per_row"] * PER_ROWS for p in points])],
        "Threshold (alarm from this score on)",
        f"Cost of mistakes on the test rows, {unit}",
        title="Cost of mistakes by threshold, with the chosen threshold marked",
        mark=charts.Mark(threshold, f"chosen: {formatting.number(threshold)}"),
    )
