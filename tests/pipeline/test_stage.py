from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldenpath.pipeline import split
from goldenpath.pipeline.stage import StageError, measured, run
from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit
from goldenpath.project.paths import STAGE_COSTS
from tests.command import goldenpath


def refusing() -> str:
    raise ProjectError("data/raw.parquet: no such file.")


def test_a_stage_notes_what_it_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    line = measured("train", lambda: "10 trees")

    cost = json.loads((STAGE_COSTS / "train.json").read_text())
    assert line.startswith("train: 10 trees (")
    assert cost["seconds"] >= 0
    assert cost["peak_memory_mib"] > 1


def test_a_stage_that_failed_has_no_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(StageError, match="no such file"):
        measured("validate", refusing)

    assert not STAGE_COSTS.exists()


def test_the_verb_names_the_stage_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "split", refusing)

    outcome = goldenpath("stage", "split")

    assert outcome.exit_code == Exit.FAILED
    assert outcome.stderr == "stage split failed.\ndata/raw.parquet: no such file.\n"


def test_an_ejected_stage_fails_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        run("split", refusing)

    assert ending.value.code == Exit.FAILED
    assert capsys.readouterr().err == "split failed.\ndata/raw.parquet: no such file.\n"
