"""The gates of what is committed beside the model."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from goldenpath.project.paths import METRICS, MODEL, PARITY, split_file
from tests.gates.model.sales_project import SalesProject, graph, named, red


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": 5}, "is about 5 rows"),
        ({"tolerance": 0.5}, "within 0.5"),
        ({"flipped_decisions": 1}, "1 decisions flip"),
        ({"share_within_tolerance": 0.999}, "99.9 %"),
    ],
)
def test_a_parity_report_that_does_not_hold_is_red(sales: SalesProject, change: dict[str, Any], words: str) -> None:
    sales.write_json(PARITY, sales.read_json(PARITY) | change)
    sales.lock()

    report = sales.judge()

    assert list(red(report)) == ["parity"]
    assert words in red(report)["parity"].reason


def test_a_missing_parity_report_is_inconclusive(sales: SalesProject) -> None:
    (sales.root / PARITY).unlink()

    assert named(sales.judge(), "parity").verdict == "inconclusive"


def test_a_model_that_the_lock_does_not_name_is_red(sales: SalesProject) -> None:
    before = (sales.root / "dvc.lock").read_text()
    sales.train(graph({"x": 2.02}))
    (sales.root / "dvc.lock").write_text(before)

    gate = red(sales.judge())["records"]

    assert f"{MODEL} is not the one that dvc.lock names" in gate.reason
    assert "make run" in gate.fix


def test_metrics_that_the_model_does_not_reach_are_red(sales: SalesProject) -> None:
    reported = sales.read_json(METRICS)
    reported["model"]["roc_auc"]["value"] += 0.05
    sales.write_json(METRICS, reported)
    sales.lock()

    report = sales.judge()

    assert list(red(report)) == ["records"]
    assert "says roc_auc 0.9" in red(report)["records"].reason


@pytest.mark.parametrize("by", ["time", "entity", "random"])
def test_a_model_that_has_seen_what_it_is_judged_on_is_red(sales: SalesProject, by: str) -> None:
    sales.set(split={"by": by, "validation": 0.1, "test": 0.4, "seed": 1})
    test = pd.read_parquet(sales.root / split_file("test"))
    train = pd.read_parquet(sales.root / split_file("train"))
    pd.concat([train, test.head(50)]).to_parquet(sales.root / split_file("train"), index=False)
    sales.lock()

    report = sales.judge()

    assert list(red(report)) == ["held_out"]
    assert red(report)["held_out"].value == 50


def test_held_out_rows_can_not_be_judged_without_the_others(sales: SalesProject) -> None:
    (sales.root / split_file("train")).unlink()

    gate = named(sales.judge(), "held_out")

    assert (gate.verdict, gate.fix) == ("inconclusive", "dvc pull, or make run.")
