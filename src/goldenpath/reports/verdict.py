"""The one sentence: is the model better than the simple baseline, beyond chance?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from goldenpath.evaluation.metrics import HEADLINE
from goldenpath.reports import formatting
from goldenpath.reports.measures import PER_ROWS, measure, outcome

Status = Literal["good", "mixed", "bad"]


@dataclass(frozen=True)
class Verdict:
    """What the test rows say about the model.

    Attributes:
        status: ``good`` when it beats the simple baseline in the headline metric and in money, ``mixed`` when in the
            metric alone, else ``bad``.
        sentence: The verdict on the headline metric.
        money: The same on the cost of mistakes.
    """

    status: Status
    sentence: str
    money: str


def judge(metrics: Mapping[str, Any], currency: str) -> Verdict:
    """Judge the model against the simple baseline.

    A difference counts only when the whole of its interval lies on one side of zero.

    Args:
        metrics: The content of ``metrics.json``.
        currency: The unit of the costs.
    """
    gains = metrics["gain"].get("simple", {})
    name = HEADLINE[metrics["task"]]
    headline, cost = measure(name), measure("cost_per_row")
    gain, saving = headline.estimate(gains.get(name)), cost.estimate(gains.get("cost_per_row")).times(-1)
    found, in_money = outcome(gain, headline.higher_is_better), outcome(saving, True)
    better_by = gain if headline.higher_is_better else gain.times(-1)
    worse_by = better_by.times(-1)
    sentence = {
        "better": f"Beats the simple baseline by {formatting.estimate(better_by)} in {headline.label}.",
        "worse": f"Is WORSE than the simple baseline, by {formatting.estimate(worse_by)} in {headline.label}.",
        "undecided": f"Does NOT beat the simple baseline: the difference in {headline.label}, "
        f"{formatting.estimate(gain, sign=True)}, may be chance.",
        "unknown": f"Does NOT show that it beats the simple baseline: {headline.label} is not known on these rows.",
    }[found]
    lost = saving.times(-1)
    unit = f"{currency} per {PER_ROWS:,} rows"
    money = {
        "better": f"In money it saves {formatting.estimate(saving)} {unit} against the simple baseline.",
        "worse": f"In money it costs {formatting.estimate(lost)} {unit} MORE than the simple baseline.",
        "undecided": f"In money it does NOT beat the simple baseline: the saving, "
        f"{formatting.estimate(saving, sign=True)} {unit}, may be chance.",
        "unknown": "What it saves in money is not known.",
    }[in_money]
    if found != "better":
        return Verdict("bad", sentence, money)
    return Verdict("good" if in_money == "better" else "mixed", sentence, money)
