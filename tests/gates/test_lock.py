from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from goldenpath.gates import lock
from goldenpath.project.paths import LOCK_CHECK
from tests.gates.orders import PIPELINE, dvc, run_pipeline


def faults() -> list[str]:
    """What the gate calls stale; it is red exactly when there is something."""
    outcome = lock.run(Path.cwd())
    report: dict[str, Any] = json.loads(LOCK_CHECK.read_text())
    assert outcome.verdict == report["verdict"] == ("fail" if report.get("stale") else "pass")
    return [f"{item['stage']}: {item['path']} {item['what']}" for item in report.get("stale", [])]


def rewrite(path: str, old: str, new: str) -> None:
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new))


def recorded(stage: str, kind: str, path: str) -> str:
    """The digest that the lock gives a file of a stage."""
    content = yaml.safe_load(Path("dvc.lock").read_text())["stages"][stage][kind]
    return next(str(item["md5"]) for item in content if item["path"] == path)


def edit_lock(stage: str, kind: str, path: str, digest: str) -> None:
    content = yaml.safe_load(Path("dvc.lock").read_text())
    next(item for item in content["stages"][stage][kind] if item["path"] == path)["md5"] = digest
    Path("dvc.lock").write_text(yaml.safe_dump(content, sort_keys=False))


def test_a_finished_pipeline_is_fresh(product: Path) -> None:
    assert faults() == []


def test_a_fresh_clone_without_data_is_fresh(fresh_clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fresh_clone)

    assert not Path("data/raw.parquet").exists()
    assert faults() == []


def test_parameters_that_never_ran_are_stale(product: Path) -> None:
    content = yaml.safe_load(Path("params.yaml").read_text())
    content["validation"]["tolerated_share"] = 0.123
    Path("params.yaml").write_text(yaml.safe_dump(content))

    assert faults() == ["validate: params.yaml: validation has changed since it ran"]


def test_changed_inputs_are_stale_where_they_are_read(fresh_clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fresh_clone)
    rewrite("contract.yaml", "version: 1.2.0", "version: 1.2.1")

    assert faults() == ["validate: contract.yaml has changed since it ran"]


def test_another_command_is_stale(product: Path) -> None:
    rewrite("dvc.yaml", "cp source.parquet", "cp -p source.parquet")

    assert faults() == ["ingest: dvc.yaml gives it another command than the one that ran"]


def test_a_stage_that_never_ran_is_stale(product: Path) -> None:
    stages = PIPELINE["stages"] | {"count": {"cmd": "true", "deps": ["data/valid.parquet"]}}
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))

    assert faults() == ["count: dvc.lock does not know this stage: it has never run"]


def test_an_input_that_no_stage_names_any_longer_is_stale(product: Path) -> None:
    validate = PIPELINE["stages"]["validate"] | {"deps": ["data/raw.parquet"]}
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": PIPELINE["stages"] | {"validate": validate}}))

    assert faults() == ["validate: contract.yaml is read no longer, and dvc.lock still lists it"]


def test_a_digest_written_by_hand_does_not_fit_the_data_that_is_here(product: Path) -> None:
    edit_lock("validate", "outs", "data/valid.parquet", "0" * 32)

    assert faults() == ["validate: data/valid.parquet is not what it wrote, by dvc.lock"]


def test_a_digest_written_by_hand_does_not_fit_the_report_in_git(
    fresh_clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fresh_clone)
    edit_lock("validate", "outs", "reports/validation.json", "0" * 32)

    assert faults() == ["validate: reports/validation.json is not what it wrote, by dvc.lock"]


def test_a_digest_written_by_hand_breaks_the_chain_even_without_data(
    fresh_clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fresh_clone)
    edit_lock("ingest", "outs", "data/raw.parquet", "0" * 32)

    assert faults() == ["validate: data/raw.parquet is not what the stage before it wrote, by dvc.lock"]


def test_a_report_that_git_lost_is_stale(fresh_clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fresh_clone)
    Path("reports/validation.json").unlink()

    assert faults() == ["validate: reports/validation.json is missing, and git should hold it"]


def test_data_that_is_not_what_its_pointer_names_is_stale(product: Path) -> None:
    table = Path("data/source/prices.csv")
    table.parent.mkdir()
    table.write_text("price\n1\n")
    dvc(Path.cwd(), "add", "--quiet", str(table))
    assert faults() == []

    table.unlink()
    table.write_text("price\n2\n")

    assert faults() == ["data/source/prices.csv.dvc: prices.csv is not the data that the pointer names"]


def test_running_the_pipeline_fixes_it(product: Path) -> None:
    rewrite("contract.yaml", "version: 1.2.0", "version: 1.2.1")
    assert faults()

    run_pipeline(product)

    assert faults() == []


def test_a_pipeline_that_cannot_be_read_is_red_without_a_traceback(
    product: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("dvc.yaml").write_text("stages: [1]\n")

    outcome = lock.run(product)

    assert outcome.verdict == "fail"
    assert "dvc:" in capsys.readouterr().out
