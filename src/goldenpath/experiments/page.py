"""The report of an experiment as one page: what was found, over time and by segment, and whether it can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goldenpath.experiments import markdown_report
from goldenpath.project.contract import Contract
from goldenpath.reports import charts, formatting
from goldenpath.reports import page as frame
from goldenpath.reports.charts import Row, Tone
from goldenpath.reports.formatting import Estimate
from goldenpath.reports.measures import Measure, measure, outcome

TEMPLATE = "experiment.html.j2"
TONES = {"promote": "good", "stop": "bad", "go on": "mixed", "void": "bad"}
STATES = {"kept": "good", "broken": "bad", "unknown": "mixed"}
MOST_GROUPS = 20


def render(told: Mapping[str, Any], agreed: Contract, currency: str) -> str:
    """The page.

    Args:
        told: The content of ``reports/experiments/NAME.json``.
        agreed: Names the product.
        currency: What costs are told in.
    """
    plan, found = told["plan"], told["gain"]
    spoken = measure(plan["metric"], currency)
    number, interval = formatting.parts(markdown_report.gain(found, spoken), sign=True)
    return frame.render(
        TEMPLATE,
        title=f"{agreed.about.product}: experiment {told['experiment']}",
        product=agreed.about.product,
        told=told,
        plan=plan,
        tone=TONES[told["decision"]],
        headline=markdown_report.HEADLINES[told["decision"]],
        metric=spoken,
        champion=markdown_report.figure(found["champion"], spoken),
        challenger=markdown_report.figure(found["challenger"], spoken),
        gain=number,
        interval=interval,
        outcome=outcome(_gain(found), higher_is_better=True),
        minimum=markdown_report.figure(plan["minimum_effect"], spoken),
        confidence=formatting.share(told["confidence"], 0),
        stop=formatting.counted(plan["stop"], "unit")
        if isinstance(plan["stop"], int)
        else formatting.timestamp(plan["stop"]),
        over_time=_over_time(told, plan, spoken),
        guardrails=[
            {**item, "tone": STATES[item["state"]], "words": markdown_report.SIGNS[item["state"]]}
            for item in told["guardrails"]
        ],
        segments=[_segment(column, groups, spoken) for column, groups in told["segments"].items()],
        shares=markdown_report.unit_shares(told["split"]),
        unknown=formatting.UNKNOWN,
    )


def _gain(item: Mapping[str, Any]) -> Estimate:
    return Estimate(item["value"], item["low"], item["high"])


def _over_time(told: Mapping[str, Any], plan: Mapping[str, Any], spoken: Measure) -> Any:
    looks = told["over_time"]
    if not looks:
        return None
    label = f"gain, {spoken.label}"
    levels = [(0.0, "no difference"), (plan["minimum_effect"] * spoken.factor, "minimum effect")]
    return charts.band(
        [look["day"] for look in looks],
        [markdown_report.gain(look, spoken) for look in looks],
        "days since the start",
        label,
        title=f"{label} over time, with its confidence sequence",
        levels=levels,
    )


def _segment(column: str, groups: list[dict[str, Any]], spoken: Measure) -> dict[str, Any]:
    tones: dict[str, Tone] = {"better": "first", "worse": "second"}
    told = [item for item in groups if item["value"] is not None]
    drawn = [item for item in told if item["high"] is not None][:MOST_GROUPS]
    rows = [
        Row(item["name"], markdown_report.gain(item, spoken), tones.get(outcome(_gain(item), True), "third"))
        for item in drawn
    ]
    label = f"gain, {spoken.label}"
    return {
        "column": column,
        "chart": charts.ranges(rows, label, title=f"{label} by {column}", zero=True) if rows else None,
        "rows": [
            {
                "name": item["name"],
                "units": [f"{count:,}" for count in item["units"]],
                "both": [markdown_report.figure(item[name], spoken) for name in ("champion", "challenger")],
                "gain": formatting.parts(markdown_report.gain(item, spoken), sign=True),
                "outcome": outcome(_gain(item), True),
            }
            for item in told
        ],
    }
