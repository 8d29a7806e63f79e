"""The rules agree with what the manifest promises, and lead to somebody who knows what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from goldenpath.delivery import render
from tests.sample import ROOT

MONITORING = ROOT / "monitoring"
ALWAYS_FIRES = {"Watchdog"}


DOCUMENTS = [
    yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((MONITORING / "prometheus" / "rules").glob("*.yaml"))
]
RULES = [rule for document in DOCUMENTS for group in document["groups"] for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDS = {rule["record"]: rule["expr"] for rule in RULES if "record" in rule}
CASES = [
    case
    for text in render.rule_tests(ROOT).values()
    for test in yaml.safe_load(text)["tests"]
    for case in test.get("alert_rule_test", [])
]
BOARDS = sorted((MONITORING / "grafana" / "dashboards").glob("*.json"))


def manifest() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "golden-path.yaml").read_text(encoding="utf-8"))
    return content


def expressions(objective: str) -> str:
    return " ".join(rule["expr"] for rule in ALERTS.values() if rule["labels"].get("slo") == objective)


def test_the_availability_of_the_alerts_is_that_of_the_manifest() -> None:
    left = round(1 - manifest()["slo"]["availability"], 9)

    budgets = {float(number) for number in re.findall(r"> (?:[\d.]+ \* )?(0\.\d+)", expressions("availability"))}

    assert budgets == {left}


def test_the_latency_of_the_alerts_is_that_of_the_manifest() -> None:
    most = manifest()["slo"]["latency_p95_ms"]

    slow = " ".join(expression for name, expression in RECORDS.items() if "slow" in name)
    bounds = {float(bound) for bound in re.findall(r'le="(.*?)"', slow)}
    limits = {float(number) for number in re.findall(r"p95_\w+\{[^}]*\} > (\d+)", expressions("latency_p95_ms"))}

    assert bounds == {most / 1000}, "a bound of the histogram, or nothing is counted"
    assert limits == {most}


def test_the_cost_of_an_instance_is_that_of_the_manifest() -> None:
    cost = RECORDS["environment:cost_per_thousand_predictions:rate1h"]

    assert f" * {manifest()['cost']['instance_hour']:g}" in cost


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_an_alert_was_seen_firing_and_silent(name: str) -> None:
    seen = {bool(case["exp_alerts"]) for case in CASES if case["alertname"] == name}

    assert seen == ({True} if name in ALWAYS_FIRES else {True, False})


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_an_alert_has_an_owner_and_leads_to_its_own_runbook(name: str) -> None:
    rule = ALERTS[name]
    path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    page = ROOT / path[path.index("monitoring/") :]

    assert rule["labels"]["owner"] == manifest()["product"]["owner"]
    assert rule["labels"]["severity"] in {"page", "ticket", "none"}
    assert anchor == name.lower()
    assert f"### {name}\n" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("board", BOARDS, ids=lambda path: path.stem)
def test_the_panels_of_a_dashboard_do_not_overlap(board: Path) -> None:
    panels = json.loads(board.read_text(encoding="utf-8"))["panels"]
    taken = [
        (panel["gridPos"]["x"] + column, panel["gridPos"]["y"] + row)
        for panel in panels
        for column in range(panel["gridPos"]["w"])
        for row in range(panel["gridPos"]["h"])
    ]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(set(taken)) == len(taken)
    assert max(column for column, _ in taken) < 24
