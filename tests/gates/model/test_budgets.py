"""The gates of latency, size and training cost."""

from __future__ import annotations

import pytest

from goldenpath.project.paths import LINEAGE
from tests.gates.model.sales_project import GOOD, SalesProject, graph, named, red


def test_a_slower_model_is_red_beside_the_champion(sales: SalesProject) -> None:
    sales.limit(latency={"times_champion": 2.0}, calibration=None, floors=None, segments=None)
    sales.train(graph(GOOD, work=4))

    gate = red(sales.judge())["latency.times_champion"]

    assert gate.value > 2
    assert gate.limit == "at most 2 times"


@pytest.mark.parametrize("name", ["p50_ms", "p99_ms"])
def test_a_model_slower_than_the_budget_is_red(sales: SalesProject, name: str) -> None:
    sales.limit(latency={name: 1e-5})

    report = sales.judge()

    assert list(red(report)) == [f"latency.{name}"]
    assert "One row takes" in red(report)[f"latency.{name}"].reason


def test_a_larger_model_is_red(sales: SalesProject) -> None:
    sales.train(graph(GOOD, padding=2 * 1024 * 1024))

    report = sales.judge()

    assert list(red(report)) == ["size_mib"]
    assert red(report)["size_mib"].value == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize(
    ("cost", "gate"),
    [
        ({"seconds": 61.0, "peak_memory_mib": 100}, "training.seconds"),
        ({"seconds": 5.0, "peak_memory_mib": 501}, "training.peak_memory_mib"),
    ],
)
def test_a_costlier_training_is_red(sales: SalesProject, cost: dict[str, float], gate: str) -> None:
    sales.train(graph({"x": 2.02}), cost=cost)

    assert list(red(sales.judge())) == [gate]


def test_a_training_whose_cost_nobody_noted_is_inconclusive(sales: SalesProject) -> None:
    sales.train(graph({"x": 2.02}), cost=None)

    report = sales.judge()

    assert report.exit_code == 3
    assert "dvc repro --force train" in named(report, "training.seconds").fix


def test_the_cost_of_another_model_does_not_count(sales: SalesProject) -> None:
    sales.train(graph({"x": 2.02}))
    papers = sales.read_json(LINEAGE)
    papers["subject"][0]["digest"]["sha256"] = "0" * 64
    sales.write_json(LINEAGE, papers)

    report = sales.judge()

    assert named(report, "training.seconds").verdict == "inconclusive"
    assert list(red(report)) == ["records"]
