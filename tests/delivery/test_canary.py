"""The analysis that may stop a release asks what the service measures, and by the objectives of the manifest."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from goldenpath.serving.metrics import SECONDS, Metrics
from tests.sample import ROOT

TEMPLATE = ROOT / "deploy" / "base" / "canary" / "analysis-template.yaml"
OF_THE_SCRAPE = {"namespace", "pod"}
"""Labels that Prometheus adds to what a pod shows."""

pytestmark = pytest.mark.skipif(not TEMPLATE.is_file(), reason="only Kubernetes releases by a canary")


@pytest.fixture(scope="module")
def metrics() -> dict[str, Any]:
    return {item["name"]: item for item in yaml.safe_load(TEMPLATE.read_text())["spec"]["metrics"]}


@pytest.fixture(scope="module")
def objectives() -> dict[str, float]:
    found: dict[str, float] = yaml.safe_load((ROOT / "golden-path.yaml").read_text())["slo"]
    return found


def bounds(metric: Any) -> set[float]:
    """The numbers that an answer is compared with."""
    conditions = metric["successCondition"] + metric["failureCondition"]
    return {float(number) for number in re.findall(r"result\[0\] [<>]=? ([\d.]+)", conditions)}


def test_the_canary_is_held_to_the_objectives(metrics: dict[str, Any], objectives: dict[str, float]) -> None:
    seconds = objectives["latency_p95_ms"] / 1000

    assert bounds(metrics["answered"]) == {objectives["availability"]}
    assert bounds(metrics["answer-seconds-p95"]) == {seconds}
    assert seconds in SECONDS, "the histogram tells apart only what lies on two sides of a bound"


def test_the_canary_asks_for_what_the_service_measures(metrics: dict[str, Any]) -> None:
    service = Metrics("rest")
    service.requests.labels("/predict", "200", "champion", "0" * 64).inc()
    service.request_seconds.labels("/predict", "champion", "0" * 64).observe(0.01)
    shown = {
        sample.name: set(sample.labels)
        for family in service.registry.collect()
        for sample in family.samples
        if sample.labels
    }
    queries = [item["provider"]["prometheus"]["query"] for item in metrics.values()]

    asked = [
        (name, set(re.findall(r"(\w+)(?:=~|!~|!=|=)", labels)))
        for query in queries
        for name, labels in re.findall(r"(\w+)\{((?:[^{}]|\{\{.*?\}\})*)\}", query)
    ]

    assert len(asked) >= len(queries)
    assert [(name, labels - OF_THE_SCRAPE - shown.get(name, set())) for name, labels in asked] == [
        (name, set()) for name, _ in asked
    ]
