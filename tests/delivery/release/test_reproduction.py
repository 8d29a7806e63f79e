from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from goldenpath.delivery.release import reproduction
from goldenpath.project.paths import METRICS
from goldenpath.repository.facts import TOLD


@pytest.fixture
def rerun(product: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which everything came out again."""
    folder = tmp_path / "rerun"
    shutil.copytree(product, folder)
    monkeypatch.setattr("sys.argv", ["reproduction", str(folder)])
    return folder


def score(folder: Path, value: float) -> None:
    (folder / METRICS).write_text(json.dumps({"model": {"roc_auc": {"value": value}}}))


def relock(folder: Path, old: str, new: str) -> None:
    lock = folder / "dvc.lock"
    lock.write_text(lock.read_text().replace(old * 32, new * 32))


def test_the_same_results_are_told_by_digest(rerun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOLD, str(tmp_path / "told.json"))

    assert reproduction.main() == 0

    told = json.loads((tmp_path / "told.json").read_text())
    assert told["outs"] == {"data/raw.parquet": "1" * 32, "models/model.onnx": "2" * 32}
    assert told["metrics"] == {str(METRICS): {"model": {"roc_auc": {"value": 0.7}}}}


def test_other_data_do_not_reproduce(rerun: Path, capsys: pytest.CaptureFixture[str]) -> None:
    relock(rerun, "1", "3")

    assert reproduction.main() == 1

    assert "data/raw.parquet" in capsys.readouterr().err


def test_a_model_rounded_otherwise_is_tolerated_while_its_metrics_hold(
    rerun: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    relock(rerun, "2", "3")
    score(rerun, 0.701)

    assert reproduction.main() == 0

    assert "Within tolerance: models/model.onnx" in capsys.readouterr().out


def test_another_score_does_not_reproduce(rerun: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score(rerun, 0.65)

    assert reproduction.main() == 1

    assert "reports/metrics.json: model.roc_auc.value: 0.65 in the rerun, 0.7 is committed" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["dvc.lock", str(METRICS)])
def test_a_rerun_that_left_nothing_is_told(rerun: Path, capsys: pytest.CaptureFixture[str], missing: str) -> None:
    (rerun / missing).unlink()

    assert reproduction.main() == 1

    assert f"{missing}: no such file" in capsys.readouterr().err
