"""The report of an experiment as Markdown, short enough for a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from goldenpath.reports import formatting
from goldenpath.reports.formatting import Estimate
from goldenpath.reports.measures import Measure, measure

HEADLINES = {
    "promote": "Promote: the challenger is better.",
    "stop": "Stop: the champion stays.",
    "go on": "Go on: nothing is decided yet.",
    "void": "Void: this comparison decides nothing.",
}
SIGNS = {"kept": "✓ kept", "broken": "✗ broken", "unknown": "? not known"}


def render(told: Mapping[str, Any], currency: str) -> str:
    """The text.

    Args:
        told: The content of ``reports/experiments/NAME.json``.
        currency: What costs are told in.
    """
    return "\n".join(_lines(told, currency)) + "\n"


def gain(item: Mapping[str, Any], spoken: Measure) -> Estimate:
    """A gain in the unit that people read."""
    return Estimate(item["value"], item["low"], item["high"]).times(spoken.factor)


def figure(value: float | None, spoken: Measure) -> str:
    """A variant's metric in that unit."""
    return formatting.number(None if value is None else value * spoken.factor)


def unit_shares(split: Mapping[str, Any]) -> str:
    """Whether units fell by their shares, in words."""
    if split["p_value"] is None:
        return "All units were asked of both."
    return (
        f"Units fell by their shares with p = {split['p_value']:.2g} over all looks together, "
        f"{split['chi_squared']:.2g} by chi-squared at this one alone."
    )


def _lines(told: Mapping[str, Any], currency: str) -> Iterator[str]:
    plan, found = told["plan"], told["gain"]
    spoken = measure(plan["metric"], currency)
    yield f"# Experiment {told['experiment']}: {HEADLINES[told['decision']]}"
    yield ""
    for reason in told["reasons"]:
        yield f"- {_plain(reason)}"
    yield ""
    yield f"| {formatting.sentence(spoken.label)} | champion | challenger | gain |"
    yield "| --- | ---: | ---: | ---: |"
    both = [figure(found[name], spoken) for name in ("champion", "challenger")]
    units = " and ".join(f"{count:,}" for count in found["units"])
    yield f"| {units} units | {both[0]} | {both[1]} | {formatting.estimate(gain(found, spoken), sign=True)} |"
    yield ""
    yield (
        f"Above zero the challenger is better. Brackets hold the true value at all looks together with "
        f"{formatting.share(told['confidence'], 0)} confidence. The smallest effect of interest is "
        f"{figure(plan['minimum_effect'], spoken)}; the plan stops at {_stop(plan['stop'])}."
    )
    yield ""
    yield "| guardrail | champion | challenger | found | limit | |"
    yield "| --- | ---: | ---: | --- | --- | --- |"
    for item in told["guardrails"]:
        cells = [_plain(item[name]) for name in ("label", "champion", "challenger", "found", "limit")]
        yield f"| {' | '.join(cells)} | {SIGNS[item['state']]} |"
    yield ""
    counts = ", ".join(f"{name} {count:,}" for name, count in told["split"]["units"].items())
    yield f"Units: {counts}. {unit_shares(told['split'])} Changed sides: {told['split']['moved']:,}."


def _stop(stop: Any) -> str:
    return formatting.counted(stop, "unit") if isinstance(stop, int) else str(stop)


def _plain(text: str) -> str:
    """Text that means no markup: names of groups come from the data."""
    for sign in "\\`*_[]<>|":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
