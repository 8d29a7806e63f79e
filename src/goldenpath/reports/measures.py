"""The metrics as people read them: name, meaning, direction and unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from goldenpath.evaluation.metrics import HIGHER_IS_BETTER
from goldenpath.reports.formatting import Estimate

Outcome = Literal["better", "worse", "undecided", "unknown"]

PER_ROWS = 1000
"""Costs are told for this many rows, which are easier to picture than one."""


@dataclass(frozen=True)
class Measure:
    """How to speak of a metric.

    Attributes:
        label: Its name within a sentence.
        meaning: What it says, in one plain sentence.
        higher_is_better: Which way is good.
        factor: What the pipeline's number is multiplied with to reach the unit that the page tells.
    """

    label: str
    meaning: str
    higher_is_better: bool
    factor: float = 1.0

    def estimate(self, found: Mapping[str, Any] | None) -> Estimate:
        """A record of ``metrics.json`` in the unit that the page tells; undefined where there is none."""
        found = found or {}
        return Estimate(found.get("value"), found.get("low"), found.get("high")).times(self.factor)


_WORDS = {
    "roc_auc": ("ROC AUC", "How often a positive scores higher than a negative; 0.5 is chance, 1 is perfect."),
    "average_precision": ("average precision", "Precision averaged over recall; chance is the positive rate."),
    "log_loss": ("log loss", "How surprised the probabilities are by what happened; 0 is perfect."),
    "brier": ("Brier score", "Mean squared distance between probability and outcome; 0 is perfect."),
    "calibration_error": ("calibration error", "Mean distance between probability and observed share; 0 is perfect."),
    "precision": ("precision", "The share of alarms that are right, at the chosen threshold."),
    "recall": ("recall", "The share of positives that are found, at the chosen threshold."),
    "accuracy": ("accuracy", "The share of rows that get the right class."),
    "balanced_accuracy": ("balanced accuracy", "The share of right answers, each class counting the same."),
    "mae": ("mean absolute error", "How far predictions are off on average, in the target's unit."),
    "rmse": ("root mean squared error", "As the mean absolute error, but large misses weigh more."),
    "rank_correlation": (
        "rank correlation",
        "Whether larger amounts are predicted larger; 0 is no better than one answer for all, 1 is perfect.",
    ),
    "r2": ("R²", "The share of the target's variation that is explained; 0 is no better than the mean."),
}


def measure(name: str, currency: str = "") -> Measure:
    """How to speak of the metric called ``name`` in ``metrics.json``; costs are told in ``currency``."""
    if name == "cost_per_row":
        label = f"cost per {PER_ROWS:,} rows" + (f", {currency}" if currency else "")
        return Measure(label, "What the mistakes cost at the prices in params.yaml.", False, PER_ROWS)
    label, meaning = _WORDS.get(name, (name.replace("_", " "), ""))
    return Measure(label, meaning, name in HIGHER_IS_BETTER)


def outcome(gain: Estimate, higher_is_better: bool) -> Outcome:
    """What a difference says, judged by its interval.

    Args:
        gain: The model's metric less the other's.
        higher_is_better: Which way is good.

    Returns:
        ``better`` or ``worse`` when the whole interval lies on one side of zero, ``undecided`` when it holds zero,
        ``unknown`` when there is no interval.
    """
    if gain.low is None or gain.high is None:
        return "unknown"
    if gain.low <= 0 <= gain.high:
        return "undecided"
    return "better" if (gain.low > 0) == higher_is_better else "worse"
