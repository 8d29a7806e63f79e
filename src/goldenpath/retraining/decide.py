"""Whether to train a candidate now: which triggers fire, and what holds it back.

What it leads to is a pull request, which the gates and people judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from goldenpath.project.params import Retraining
from goldenpath.retraining.history import Run

Trigger = Literal["", "by-hand", "schedule", "drift", "performance", "age"]
REPORT_DAYS = 2.0
"""Older reports are of other days: the watch runs daily, and an alert says so where it does not."""
BUDGET_DAYS = 30
SECONDS_PER_MINUTE = 60


@dataclass(frozen=True)
class Facts:
    """What is known.

    Attributes:
        now: The time.
        model: SHA-256 of the present model; empty where there is none.
        runs: The trainings of the past, the oldest first.
        drift: The content of ``reports/drift.json``, where it is there.
        performance: The same of ``reports/performance.json``.
        staleness: The same of ``reports/staleness.json``.
    """

    now: datetime
    model: str
    runs: Sequence[Run]
    drift: Mapping[str, Any] | None = None
    performance: Mapping[str, Any] | None = None
    staleness: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Observation:
    """One trigger.

    Attributes:
        name: Its name.
        is_enabled: Whether ``params.yaml`` lets it start a training.
        fires: Whether it calls for one.
        why: What was seen, in a sentence.
    """

    name: str
    is_enabled: bool
    fires: bool
    why: str


@dataclass(frozen=True)
class Decision:
    """What came out.

    Attributes:
        triggers: All triggers.
        holds: What holds it back, a sentence each.
        last: When the model was trained last.
        runs: Trainings of the last :data:`BUDGET_DAYS` days.
        minutes: What they took.
    """

    triggers: tuple[Observation, ...]
    holds: tuple[str, ...]
    last: datetime | None
    runs: int
    minutes: float

    @property
    def reasons(self) -> tuple[Observation, ...]:
        """The triggers that fire and may start a training."""
        return tuple(item for item in self.triggers if item.fires and item.is_enabled)

    @property
    def goes(self) -> bool:
        """Whether to train."""
        return bool(self.reasons) and not self.holds


def decide(known: Facts, settings: Retraining, trigger: Trigger = "") -> Decision:
    """Decide.

    Args:
        known: What is known.
        settings: Triggers, cooldown and budget.
        trigger: What called for it from outside: a person passes the cooldown, an event counts as its trigger.
    """
    last = max((run.when for run in known.runs), default=None)
    recent = [run for run in known.runs if run.when > known.now - timedelta(days=BUDGET_DAYS)]
    minutes = sum(run.seconds for run in recent) / SECONDS_PER_MINUTE
    looked: list[Observation] = []
    for name, (fires, why) in {
        "schedule": _schedule(known.now, last, settings.every_days),
        "drift": _drift(known),
        "performance": _performance(known),
        "age": _age(known),
    }.items():
        if trigger == name and not fires:
            fires, why = True, f"Triggered externally. Local report: {why}"
        looked.append(Observation(name, name in settings.triggers, fires, why))
    if trigger == "by-hand":
        looked.insert(0, Observation("by-hand", True, True, "Started by a person."))
    holds = []
    cooled = None if last is None else last + timedelta(days=settings.cooldown_days)
    if cooled is not None and known.now < cooled and trigger != "by-hand":
        holds.append(
            f"cooldown: the last training was on {_day(last)}, and cooldown_days is {settings.cooldown_days:g}; "
            f"wait until {_day(cooled)}, or --trigger by-hand"
        )
    if len(recent) >= settings.budget.runs:
        holds.append(f"budget: {len(recent)} trainings in {BUDGET_DAYS} days, of {settings.budget.runs} allowed")
    if minutes >= settings.budget.minutes:
        holds.append(f"budget: {minutes:.1f} minutes in {BUDGET_DAYS} days, of {settings.budget.minutes:g} allowed")
    return Decision(tuple(looked), tuple(holds), last, len(recent), minutes)


def _schedule(now: datetime, last: datetime | None, every_days: float) -> tuple[bool, str]:
    if last is None:
        return True, "Nothing was ever trained."
    days = (now - last) / timedelta(days=1)
    return days >= every_days, f"The last training was {days:.1f} days ago; every_days is {every_days:g}."


def _drift(known: Facts) -> tuple[bool, str]:
    if known.drift is None:
        return False, "No report: goldenpath drift."
    model = str(known.drift["reference"]["model"])
    if words := _unfit(known, known.drift, [model], "goldenpath drift"):
        return False, words
    return known.drift["verdict"] == "alarm", " ".join([f"{known.drift['verdict']}.", *known.drift["reasons"]])


def _performance(known: Facts) -> tuple[bool, str]:
    if known.performance is None:
        return False, "No report: goldenpath labels FILE"
    judged = known.performance.get("judged") or {"models": []}
    if words := _unfit(known, known.performance, judged["models"], "goldenpath labels FILE"):
        return False, words
    state, window = known.performance["state"], judged["window"]
    since = f" of the window that began on {window}" if window else ""
    return state == "low", f"{state}, by {judged['labels']:,} labels{since}."


def _age(known: Facts) -> tuple[bool, str]:
    if known.staleness is None or not known.staleness.get("applicable"):
        return False, "No study says how old a model may get (reports/staleness.json)."
    limit = float(known.staleness["tolerable_days"])
    trained = max((run.when for run in known.runs if run.model == known.model), default=None)
    if trained is None:
        return False, "When the present model was trained is not known."
    days = (known.now - trained) / timedelta(days=1)
    return days > limit, f"The model is {days:.1f} days old; tolerable are {limit:g} (reports/staleness.json)."


def _unfit(known: Facts, report: Mapping[str, Any], models: Sequence[str], fix: str) -> str:
    """Why a report says nothing about the present model now; empty where it does."""
    if known.model not in models:
        return f"The report is about another model than the present one, {known.model[:12]}: {fix}"
    measured = datetime.fromisoformat(str(report["measured"])).astimezone(UTC)
    if known.now - measured > timedelta(days=REPORT_DAYS):
        return f"The report is of {_day(measured)}, more than {REPORT_DAYS:g} days ago: {fix}"
    return ""


def _day(time: datetime | None) -> str:
    return "never" if time is None else f"{time:%Y-%m-%d %H:%M} UTC"
