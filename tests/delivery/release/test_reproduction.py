from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from goldenpath.delivery.release import reproduction
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import METRICS
from goldenpath.repository import clone
from goldenpath.repository.facts import TOLD


@pytest.fixture
def rerun(product: Path, tmp_path: Path) -> Path:
    """A folder in which everything came out again."""
    folder = tmp_path / "rerun"
    shutil.copytree(product, folder)
    return folder


def score(folder: Path, value: float) -> None:
    (folder / METRICS).write_text(json.dumps({"model": {"roc_auc": {"value": value}}}))


def relock(folder: Path, old: str, new: str) -> None:
    lock = folder / "dvc.lock"
    lock.write_text(lock.read_text().replace(old * 32, new * 32))


def test_the_same_results_are_told_by_digest(
    product: Path, rerun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOLD, str(tmp_path / "told.json"))

    said = reproduction.compare(product, rerun)

    assert "2 of 2 outputs are the same" in said
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["outs"] == {"data/raw.parquet": "1" * 32, "models/model.onnx": "2" * 32}
    assert told["metrics"] == {str(METRICS): {"model": {"roc_auc": {"value": 0.7}}}}


def test_other_data_do_not_reproduce(product: Path, rerun: Path) -> None:
    relock(rerun, "1", "3")

    with pytest.raises(ProjectError, match=r"data/raw\.parquet"):
        reproduction.compare(product, rerun)


def test_a_model_rounded_otherwise_is_tolerated_while_its_metrics_hold(product: Path, rerun: Path) -> None:
    relock(rerun, "2", "3")
    score(rerun, 0.701)

    assert "Within tolerance: models/model.onnx" in reproduction.compare(product, rerun)


def test_another_score_does_not_reproduce(product: Path, rerun: Path) -> None:
    score(rerun, 0.65)

    with pytest.raises(ProjectError, match=r"model\.roc_auc\.value: 0\.65 in the rerun, 0\.7 is committed"):
        reproduction.compare(product, rerun)


@pytest.mark.parametrize("missing", ["dvc.lock", str(METRICS)])
def test_a_rerun_that_left_nothing_is_told(product: Path, rerun: Path, missing: str) -> None:
    (rerun / missing).unlink()

    with pytest.raises(ProjectError, match=f"{missing}: no such file"):
        reproduction.compare(product, rerun)


def test_a_clone_runs_every_stage_under_its_own_library(product: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[list[str], Path, str]] = []

    def run(command: list[str], *, cwd: Path, env: dict[str, str], check: bool) -> subprocess.CompletedProcess[str]:
        ran.append((command[2:], cwd, env["LIBRARY_OF"]))
        return subprocess.CompletedProcess(command, int(check))

    monkeypatch.setattr(clone, "environment_of_commit", lambda root, project: {"LIBRARY_OF": f"{root}|{project}"})
    monkeypatch.setattr(reproduction, "subprocess", SimpleNamespace(run=run))

    said = reproduction.reproduce(product)

    [(words, folder, library)] = ran
    assert words == ["dvc", "repro", "--force"]
    assert folder != product
    assert library == f"{product}|{folder}"
    assert "2 of 2 outputs are the same" in said


def test_a_pipeline_that_fails_in_the_clone_reproduces_nothing(product: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: subprocess.CompletedProcess[str] = subprocess.CompletedProcess(["dvc"], 7)
    monkeypatch.setattr(reproduction, "subprocess", SimpleNamespace(run=lambda *_, **__: done))

    with pytest.raises(ProjectError, match="ended with 7 in a fresh clone"):
        reproduction.reproduce(product)
