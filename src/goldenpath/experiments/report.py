"""The report of an experiment, by its plan.

Compares champion and challenger on the predictions of the log whose label is known, and writes
``reports/experiments/NAME.json``, ``.md`` and ``.html``. It may be run as often as one likes: its intervals hold at all
looks together. The first decision stands.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from goldenpath.experiments import confidence_sequences, effects, exposure, guardrails, markdown_report, page, verdict
from goldenpath.experiments.effects import Contribution, Predictions
from goldenpath.experiments.guardrails import Watched
from goldenpath.experiments.verdict import Gain, Verdict
from goldenpath.model import task
from goldenpath.monitoring import labels, log
from goldenpath.project import files, manifest, params
from goldenpath.project.paths import EXPERIMENTS
from goldenpath.repository import facts
from goldenpath.serving import routing
from goldenpath.serving.routing import Experiment

SCHEMA = 1
MOST_LOOKS = 60
"""Points of the picture over time."""
FEWEST_UNITS = 30
"""In each variant before the first of them: of fewer, sums are far from normal."""
FACT = {"promote": "promote", "stop": "reject"}
"""What the checklist calls a decision."""


def run(file: Path, folder: Path, labelled: Path | None, scrape: Path | None) -> int:
    """Compare, decide, write the reports, say what came out, and return the exit code.

    Args:
        file: The plan.
        folder: The prediction log.
        labelled: Labels to take first; None where they are known already.
        scrape: What the service's ``/metrics`` told; None leaves errors and refusals unknown.

    Raises:
        ProjectError: Something is missing or cannot be used.
    """
    plan, agreed, settings = routing.load(file), log.of_project(), params.load()
    asked = task.of(agreed.agreed, settings)
    metric = effects.named(plan.metric, asked.kind, settings.value, str(file))
    alpha = 1 - settings.evaluation.confidence
    if labelled is not None:
        labels.take(labelled, folder, agreed, asked, settings.monitoring.performance.match_hours)
    frame = exposure.read(plan, folder, agreed)
    has_truth = frame["id"].isin(labels.load(folder).index)
    split = exposure.split(plan, frame)
    known, rows = exposure.labelled(folder, frame, asked)
    gain = guardrails.gain_of(plan.metric, effects.between(metric, rows), alpha, plan.minimum_effect)
    watched = Watched(plan, settings, asked, agreed, frame, known, rows, scrape)
    kept, parts = guardrails.judge(watched, alpha)
    found = verdict.judge(
        gain,
        plan.minimum_effect,
        kept,
        spoiled=list(exposure.spoiled(plan, split, frame, has_truth)),
        lacking=_lacking(plan, gain),
        is_over=_is_over(plan, gain, datetime.now(UTC)),
    )
    path = EXPERIMENTS / f"{plan.name}.json"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    decision, decided = _standing(path, digest, found, datetime.now(UTC))
    told = {
        "schema": SCHEMA,
        "experiment": plan.name,
        "plan": {**_plain(plan), "file": str(file), "sha256": digest},
        "decision": decision.decision,
        "decided": decided,
        "reasons": decision.reasons,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "since": frame["time"].min().isoformat(timespec="seconds"),
        "through": frame["time"].max().isoformat(timespec="seconds"),
        "answers": len(frame),
        "labelled": len(known),
        "confidence": settings.evaluation.confidence,
        "gain": asdict(gain),
        "units_needed": _units_needed(plan, rows, metric, alpha),
        "over_time": _over_time(plan, known, rows, metric, alpha),
        "guardrails": [asdict(item) for item in kept],
        "segments": {column: [asdict(item) for item in gains] for column, gains in parts.items()},
        "split": asdict(split),
    }
    EXPERIMENTS.mkdir(parents=True, exist_ok=True)
    files.write_json(path, told)
    # As others will read it: what was just written and what is drawn are the same.
    told = json.loads(path.read_text(encoding="utf-8"))
    currency = settings.value.currency
    for suffix, text in (
        (".md", markdown_report.render(told, currency)),
        (".html", page.render(told, agreed.agreed, currency)),
    ):
        path.with_suffix(suffix).write_text(text, encoding="utf-8", newline="\n")
    _tell(told)
    print(f"{plan.name}: {markdown_report.HEADLINES[told['decision']]}")
    for reason in told["reasons"]:
        print(f"  {reason}")
    print(path.with_suffix(".html"))
    return 1 if told["decision"] == "void" else 0


def _plain(plan: Experiment) -> dict[str, Any]:
    """The plan as JSON holds it."""
    return {name: str(value) if isinstance(value, date) else value for name, value in asdict(plan).items()}


def _lacking(plan: Experiment, gain: Gain) -> str:
    if min(gain.units) >= plan.minimum_units:
        return ""
    return (
        f"The label is known for {gain.units[0]:,} units of the champion and {gain.units[1]:,} of the challenger; "
        f"{plan.minimum_units:,} of each are wanted before anything is decided."
    )


def _is_over(plan: Experiment, gain: Gain, now: datetime) -> bool:
    """Whether the plan's stop has come: enough units, or its last day and the time that labels take."""
    if not isinstance(plan.stop, date):
        return (gain.units[0] if plan.is_shadow else sum(gain.units)) >= plan.stop
    lag = manifest.load().kpi.label_lag_days if manifest.PATH.is_file() else 0
    return now.date() > plan.stop + timedelta(days=lag)


def _standing(path: Path, digest: str, found: Verdict, now: datetime) -> tuple[Verdict, str | None]:
    """The decision that stands, and when it was made: the first one, unless the comparison turns out to be none."""
    before: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    is_decided = before.get("plan", {}).get("sha256") == digest and before.get("decision") in FACT
    if found.decision == "void":
        return found, None
    if is_decided:
        again = "" if found.decision == before["decision"] else f" Today it would be: {found.decision}."
        day = str(before["decided"])[:10]
        reasons = [item for item in before["reasons"] if not item.startswith("Decided on ")]
        return Verdict(before["decision"], (*reasons, f"Decided on {day}; that stands.{again}")), before["decided"]
    return found, now.isoformat(timespec="seconds") if found.decision in FACT else None


def _units_needed(plan: Experiment, rows: Predictions, metric: Contribution, alpha: float) -> int | None:
    """About how many units it takes until the interval reaches no further than the minimum effect to either side."""
    found = effects.between(metric, rows)
    if not np.isfinite(found.error):
        return None
    units = found.units[0] if plan.is_shadow else sum(found.units)
    return int(np.ceil(units * (found.error / confidence_sequences.error_at_aim(alpha, plan.minimum_effect)) ** 2))


def _over_time(
    plan: Experiment, known: pd.DataFrame, rows: Predictions, metric: Contribution, alpha: float
) -> list[dict[str, Any]]:
    """The gain as it was known at the end of each day, of the predictions until then."""
    if known.empty:
        return []
    days = known["time"].dt.floor("D")
    ends = pd.date_range(days.min(), days.max(), freq="D") + pd.Timedelta(days=1)
    ends = ends[np.unique(np.linspace(0, len(ends) - 1, min(len(ends), MOST_LOOKS)).round().astype(int))]
    looks = []
    for end in ends:
        found = effects.between(metric, rows.among((known["time"] < end).to_numpy()))
        gain = guardrails.gain_of(plan.metric, found, alpha, plan.minimum_effect)
        if gain.low is not None and min(found.units) >= FEWEST_UNITS:
            looks.append({"until": str(end.date()), "day": (end - days.min()).days, **asdict(gain)})
    return looks


def _tell(told: dict[str, Any]) -> None:
    """What the checklist computes again: decision, time, and who was where."""
    facts.tell(
        {
            "experiment": told["experiment"],
            "decision": FACT.get(told["decision"], told["decision"]),
            "decided": told["decided"],
            "assignments": told["split"]["assignments"],
        }
    )
