"""The gate as a whole: whom it compares, and what it says where it cannot."""

from __future__ import annotations

import json

import onnx
import pandas as pd
import pytest
import yaml
from onnx import numpy_helper

from goldenpath.gates.model import gate as model_gate
from goldenpath.gates.verdict import InconclusiveError
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import DVC_LOCK, GATES, MODEL, SIGNATURE
from goldenpath.repository.facts import TOLD
from tests.gates.model.sales_project import GOOD, HELD_OUT, LEARNED, SalesProject, graph, named, red
from tests.sample import ROOT

EQUAL = graph({"x": 2.02})
"""Another graph that ranks as the champion does and is hardly less calibrated."""
WORSE = graph({"x": 2.0, "noise": 3.0})
COMPARING = ["non_inferiority", "segment_non_inferiority", "calibration.margin", "latency.times_champion"]


def drop_noise(sales: SalesProject) -> None:
    """Take a column out of the contract and the rows."""
    sales.agree(lambda columns: columns.pop(7))
    for path in (sales.root / "data/split").iterdir():
        pd.read_parquet(path).drop(columns="noise").to_parquet(path, index=False)


def without_noise() -> bytes:
    """A good graph of the columns that are left."""
    made = onnx.load_from_string(graph(GOOD))
    weights = numpy_helper.to_array(made.graph.initializer[0])[:3]
    made.graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, "weights"))
    made.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 3
    content: bytes = made.SerializeToString()
    return content


def test_a_model_as_good_as_the_champion_is_green(sales: SalesProject) -> None:
    sales.train(EQUAL)

    report = sales.judge()

    assert (report.verdict, report.exit_code, report.champion.comparison) == ("pass", 0, "compared")
    assert report.compared_rows == report.rows == HELD_OUT
    assert {gate.name: gate.verdict for gate in report.gates} == dict.fromkeys(
        (
            *("records", "held_out", "parity", "floors.roc_auc", "segments.roc_auc", "fairness.recall"),
            *("calibration.max", "latency.p50_ms", "latency.p99_ms", "size_mib"),
            *("training.seconds", "training.peak_memory_mib", "non_inferiority.roc_auc"),
            *("segment_non_inferiority.roc_auc", "calibration.margin", "latency.times_champion"),
        ),
        "pass",
    )


def test_a_worse_model_is_red_for_being_worse(sales: SalesProject) -> None:
    sales.limit(floors=None, segments=None, segment_non_inferiority=None, calibration=None)
    sales.train(WORSE)

    report = sales.judge()

    assert report.exit_code == 1
    assert list(red(report)) == ["non_inferiority.roc_auc"]
    gate = red(report)["non_inferiority.roc_auc"]
    assert gate.low is not None
    assert gate.high is not None
    assert gate.low < gate.high < -0.02
    assert "worse by more than the margin of 0.02, beyond chance" in gate.reason


def test_the_same_model_is_not_compared_but_still_held_to_the_limits(sales: SalesProject) -> None:
    sales.lose_cache()
    sales.limit(size_mib=1e-6)
    sales.commit()

    report = sales.judge()

    assert report.champion.comparison == "unchanged"
    assert [named(report, name).verdict for name in COMPARING] == ["n/a"] * 4
    assert list(red(report)) == ["size_mib"]


def test_another_threshold_is_another_model(sales: SalesProject) -> None:
    sales.train(graph(GOOD), threshold=0.9)

    assert sales.judge().champion.comparison == "compared"


def test_without_a_champion_the_absolute_limits_decide(sales: SalesProject) -> None:
    (sales.root / DVC_LOCK).unlink()
    sales.commit()
    sales.train(WORSE)

    report = sales.judge()

    assert report.champion.comparison == "first"
    assert [named(report, name).verdict for name in COMPARING] == ["n/a"] * 4
    assert "judged by the absolute limits alone" in named(report, "non_inferiority").reason
    assert "floors.roc_auc" in red(report)


def test_the_champion_is_that_of_the_merge_base(sales: SalesProject) -> None:
    base = sales.git("rev-parse", "HEAD")
    sales.git("switch", "--quiet", "--create", "work")
    sales.train(EQUAL)
    sales.commit()
    sales.git("switch", "--quiet", "main")
    sales.train(WORSE)
    sales.commit()
    sales.git("switch", "--quiet", "work")
    sales.train(EQUAL)

    assert sales.judge("main").champion.commit == base


def test_a_champion_that_is_nowhere_to_be_had_is_inconclusive(sales: SalesProject) -> None:
    sales.lose_cache()
    sales.train(EQUAL)

    report = sales.judge()

    assert (report.verdict, report.exit_code, report.champion.comparison) == ("inconclusive", 3, "missing")
    assert red(report) == {}
    gate = named(report, "non_inferiority")
    assert "models/model.onnx" in gate.reason
    assert "goldenpath rebuild-base" in gate.fix


def test_an_unknown_base_is_inconclusive_with_the_command_that_brings_it(sales: SalesProject) -> None:
    report = sales.judge("origin/release")

    assert report.exit_code == 3
    assert "origin/release" in report.champion.reason
    assert "git fetch origin" in report.champion.fix


def test_without_a_remote_the_last_commit_is_the_base(sales: SalesProject) -> None:
    sales.train(EQUAL)

    report = sales.judge("origin/main")

    assert (report.champion.comparison, report.champion.commit) == ("compared", sales.git("rev-parse", "HEAD"))


def test_rows_that_the_champion_has_seen_are_left_out(sales: SalesProject) -> None:
    sales.divide(slice(0, LEARNED), slice(LEARNED, LEARNED + 300), slice(LEARNED + 300, None))
    sales.train(graph(GOOD))
    sales.commit()
    sales.divide(slice(0, LEARNED - 100), slice(LEARNED - 100, LEARNED), slice(LEARNED, None))
    sales.train(EQUAL)

    report = sales.judge()

    assert (report.champion.comparison, report.compared_rows, report.rows) == ("compared", 500, HELD_OUT)
    assert "300 that hold what it has learned from were left out" in report.champion.reason


@pytest.mark.parametrize("by", ["time", "entity", "random"])
def test_a_champion_that_has_seen_every_row_is_refused(sales: SalesProject, by: str) -> None:
    sales.set(split={"by": by, "validation": 0.1, "test": 0.4, "seed": 1})
    sales.divide(slice(LEARNED, LEARNED + 700), slice(LEARNED + 700, None), slice(0, LEARNED))
    sales.train(graph(GOOD))
    sales.commit()
    sales.divide(slice(0, LEARNED - 100), slice(LEARNED - 100, LEARNED), slice(LEARNED, None))
    sales.train(EQUAL)

    report = sales.judge()

    assert (report.champion.comparison, report.compared_rows, report.exit_code) == ("refused", 0, 3)
    assert "has learned from what 800 of the 800 held-out rows hold" in report.champion.reason


def test_a_champion_that_needs_another_contract_is_refused(sales: SalesProject) -> None:
    drop_noise(sales)
    sales.train(without_noise())

    report = sales.judge()

    assert (report.champion.comparison, report.exit_code) == ("refused", 3)
    assert "takes noise, which the contract has no longer" in report.champion.reason
    assert report.champion.model[:12] in named(report, "non_inferiority").fix


def test_a_champion_is_retired_by_name_and_for_a_reason(sales: SalesProject) -> None:
    champion = sales.read_json(SIGNATURE)["model_sha256"]
    drop_noise(sales)
    sales.limit(retires={"model": champion[:12], "reason": "The supplier of noise is gone."})
    sales.train(without_noise())

    report = sales.judge()

    assert (report.champion.comparison, report.exit_code) == ("retired", 0)
    assert "The supplier of noise is gone." in named(report, "non_inferiority").reason


def test_retiring_does_not_spare_a_comparison_that_is_possible(sales: SalesProject) -> None:
    champion = sales.read_json(SIGNATURE)["model_sha256"]
    sales.limit(retires={"model": champion[:12], "reason": "We would rather not compare."})
    sales.train(WORSE)

    report = sales.judge()

    assert "non_inferiority.roc_auc" in red(report)
    assert "params.yaml: gates.retires has no effect on this champion. Remove it." in report.notes


def test_without_limits_every_gate_says_that_it_is_off(sales: SalesProject) -> None:
    sales.set(gates={})
    sales.train(WORSE)

    report = sales.judge()

    off = {gate.name: gate.reason for gate in report.gates if gate.verdict == "n/a"}
    assert set(off) == {
        *("floors", "segments", "fairness", "calibration.max", "latency.p50_ms", "latency.p99_ms", "size_mib"),
        *("training.seconds", "training.peak_memory_mib", *COMPARING),
    }
    assert {reason for reason in off.values() if not reason.startswith("Off: params.yaml sets no gates.")} == set()


def test_a_limit_for_a_metric_that_there_is_not_is_refused(sales: SalesProject) -> None:
    sales.limit(floors={"rocauc": {"min": 0.7}})

    with pytest.raises(ProjectError, match="rocauc: there is no such metric"):
        sales.judge()


def test_a_limit_that_changes_is_told(sales: SalesProject) -> None:
    sales.limit(floors={"roc_auc": {"min": 0.6}})
    sales.train(EQUAL)

    assert "The limit gates.floors.roc_auc.min changes from 0.7 to 0.6 with this change." in sales.judge().notes


def test_another_source_is_told(sales: SalesProject) -> None:
    lock = yaml.safe_load((sales.root / DVC_LOCK).read_text())
    lock["stages"]["ingest"] = {"cmd": "true", "deps": [{"path": "source.py", "md5": "1" * 32}]}
    (sales.root / DVC_LOCK).write_text(yaml.safe_dump(lock))
    sales.commit()
    sales.train(EQUAL)

    assert [note for note in sales.judge().notes if note.startswith("The source changes too")]


def test_a_limit_that_changes_makes_no_stage_run_again() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]

    assert [name for name, stage in stages.items() if "gates" in stage.get("params", [])] == []


@pytest.mark.parametrize(
    ("model", "code", "verdict"), [(EQUAL, 0, "pass"), (WORSE, 1, "fail")], ids=["as-good", "worse"]
)
def test_the_command_keeps_its_findings(
    sales: SalesProject,
    model: bytes,
    code: int,
    verdict: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(TOLD, str(sales.root / "told.json"))
    sales.train(model)

    outcome = model_gate.run(sales.root, "HEAD")

    assert (outcome.gate, outcome.verdict, outcome.exit_code) == ("model", verdict, code)

    found = sales.read_json(GATES)
    assert (found["schema"], found["verdict"], found["exit_code"]) == (1, verdict, code)
    assert set(found) == {"schema", "verdict", "exit_code", "model", "champion", "rows", "measured", "gates", "notes"}
    assert set(found["measured"]) == {"candidate", "champion"}
    assert set(found["gates"][0]) == {"name", "verdict", "reason", "value", "low", "high", "limit", "fix"}
    assert json.loads((sales.root / "told.json").read_text())["gate"] == verdict
    printed = capsys.readouterr().out
    assert "non_inferiority.roc_auc" in printed
    assert ("The model gate is green" if code == 0 else "The model gate is red") in printed


def test_a_candidate_that_cannot_be_judged_leaves_no_findings(sales: SalesProject) -> None:
    sales.write_json(GATES, {"verdict": "pass"})
    (sales.root / MODEL).unlink()

    with pytest.raises(InconclusiveError, match=r"models/model\.onnx: no such file"):
        model_gate.run(sales.root, "HEAD")

    assert not (sales.root / GATES).exists()
