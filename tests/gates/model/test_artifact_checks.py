"""The gates of what is committed beside the model."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from goldenpath.project.paths import METRICS, MODEL, PARITY, split_file
from tests.gates.model.stall import Stall, graph, named, red


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": 5}, "is about 5 rows"),
        ({"tolerance": 0.5}, "within 0.5"),
        ({"flipped_decisions": 1}, "decisions that flip: 1"),
        ({"share_within_tolerance": 0.999}, "99.9 %"),
    ],
)
def test_a_parity_report_that_does_not_hold_is_red(stall: Stall, change: dict[str, Any], words: str) -> None:
    stall.write_json(PARITY, stall.read_json(PARITY) | change)
    stall.lock()

    report = stall.judge()

    assert list(red(report)) == ["parity"]
    assert words in red(report)["parity"].reason


def test_a_missing_parity_report_is_inconclusive(stall: Stall) -> None:
    (stall.root / PARITY).unlink()

    assert named(stall.judge(), "parity").verdict == "inconclusive"


def test_a_model_that_the_lock_does_not_name_is_red(stall: Stall) -> None:
    before = (stall.root / "dvc.lock").read_text()
    stall.train(graph({"x": 2.02}))
    (stall.root / "dvc.lock").write_text(before)

    gate = red(stall.judge())["records"]

    assert f"{MODEL} is not the one that dvc.lock names" in gate.reason
    assert "make pipeline" in gate.mend


def test_metrics_that_the_model_does_not_reach_are_red(stall: Stall) -> None:
    reported = stall.read_json(METRICS)
    reported["model"]["roc_auc"]["value"] += 0.05
    stall.write_json(METRICS, reported)
    stall.lock()

    report = stall.judge()

    assert list(red(report)) == ["records"]
    assert "says roc_auc 0.9" in red(report)["records"].reason


@pytest.mark.parametrize("by", ["time", "entity", "random"])
def test_a_model_that_has_seen_what_it_is_judged_on_is_red(stall: Stall, by: str) -> None:
    stall.set(split={"by": by, "validation": 0.1, "test": 0.4, "seed": 1})
    test = pd.read_parquet(stall.root / split_file("test"))
    train = pd.read_parquet(stall.root / split_file("train"))
    pd.concat([train, test.head(50)]).to_parquet(stall.root / split_file("train"), index=False)
    stall.lock()

    report = stall.judge()

    assert list(red(report)) == ["held_out"]
    assert red(report)["held_out"].value == 50


def test_held_out_rows_can_not_be_judged_without_the_others(stall: Stall) -> None:
    (stall.root / split_file("train")).unlink()

    gate = named(stall.judge(), "held_out")

    assert (gate.verdict, gate.mend) == ("inconclusive", "dvc pull, or make pipeline.")
