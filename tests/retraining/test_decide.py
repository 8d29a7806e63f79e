from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from goldenpath.project.params import Budget, Retraining
from goldenpath.retraining.decide import Decision, Facts, Trigger, decide
from goldenpath.retraining.history import Run

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
MODEL = "a" * 64
RULES = Retraining(every_days=28, cooldown_days=7, budget=Budget(runs=3, minutes=10))


def run(days_ago: float, seconds: float = 60, model: str = MODEL) -> Run:
    return Run(NOW - timedelta(days=days_ago), seconds, model)


def drift(verdict: str = "alarm", model: str = MODEL, days_ago: float = 0) -> dict[str, Any]:
    measured = (NOW - timedelta(days=days_ago)).isoformat()
    return {"verdict": verdict, "reasons": ["Inputs moved."], "measured": measured, "reference": {"model": model}}


def performance(state: str, model: str = MODEL) -> dict[str, Any]:
    judged = {"models": [model], "labels": 900, "window": "2026-03-23"}
    return {
        "state": state,
        "judged": judged,
        "measured": NOW.isoformat(),
        "models": {"champion": ["b" * 64, MODEL]},
    }


def decided(*runs: Run, rules: Retraining = RULES, trigger: Trigger = "", **reports: Any) -> Decision:
    return decide(Facts(NOW, MODEL, runs, **reports), rules, trigger)


def test_nothing_asks_and_nothing_is_done() -> None:
    found = decided(run(10), drift=drift("moved"), performance=performance("perhaps"))

    assert (found.goes, found.reasons, found.holds) == (False, (), ())


@pytest.mark.parametrize(
    ("reports", "days_ago", "name"),
    [
        ({"drift": drift()}, 10, "drift"),
        ({"performance": performance("low")}, 10, "performance"),
        ({"staleness": {"applicable": True, "tolerable_days": 9}}, 10, "age"),
        ({}, 28, "schedule"),
    ],
)
def test_each_trigger_asks_alone_and_only_where_it_is_enabled(
    reports: dict[str, Any], days_ago: float, name: str
) -> None:
    others = tuple(other for other in RULES.triggers if other != name)

    found = decided(run(days_ago), **reports)
    disabled = decided(run(days_ago), rules=RULES.model_copy(update={"triggers": others}), **reports)

    assert (found.goes, [reason.name for reason in found.reasons]) == (True, [name])
    assert not disabled.goes


@pytest.mark.parametrize("report", [drift(model="b" * 64), drift(days_ago=3)], ids=["another model", "days ago"])
def test_a_report_about_something_else_asks_for_nothing(report: dict[str, Any]) -> None:
    assert not decided(run(10), drift=report).goes


def test_what_a_former_model_did_asks_for_nothing_although_the_present_one_has_answered_too() -> None:
    assert not decided(run(10), performance=performance("low", model="b" * 64)).goes


def test_the_cooldown_holds_back_all_but_a_person() -> None:
    alone, by_hand = (decided(run(6.9), drift=drift(), trigger=trigger) for trigger in ("", "by-hand"))

    assert not alone.goes
    assert alone.holds[0].startswith("cooldown: the last training was on 2026-03-24")
    assert by_hand.goes
    assert decided(run(7.1), drift=drift()).goes


def test_the_budget_holds_back_persons_too() -> None:
    many = decided(run(10), run(20), run(29), trigger="by-hand")
    long = decided(run(10, seconds=700), trigger="by-hand")
    earlier = decided(run(31), run(32), run(33, seconds=9_000), trigger="by-hand")

    assert many.holds == ("budget: 3 trainings in 30 days, of 3 allowed",)
    assert long.holds == ("budget: 11.7 minutes in 30 days, of 10 allowed",)
    assert earlier.goes


def test_an_event_counts_as_the_trigger_that_it_names() -> None:
    found = decided(run(10), trigger="drift")

    assert [reason.name for reason in found.reasons] == ["drift"]


def test_what_was_never_trained_is_due() -> None:
    assert decided().goes
