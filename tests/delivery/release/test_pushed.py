from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldenpath.delivery.release import pushed
from goldenpath.repository.facts import TOLD


def test_tells_what_the_remote_holds(product: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOLD, str(tmp_path / "told.json"))
    (product / "data/source").mkdir(parents=True)
    (product / "data/source/a.csv.dvc").write_text(f"outs:\n- md5: '{'4' * 32}'\n  path: a.csv\n")

    assert pushed.main() == 0

    told = json.loads((tmp_path / "told.json").read_text())
    assert told["remote"] == "default"
    assert told["outs"]["data/source/a.csv"] == "4" * 32
    assert told["outs"]["models/model.onnx"] == "2" * 32


def test_a_project_without_a_remote_is_told(product: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (product / ".dvc/config").write_text("[core]\n")

    assert pushed.main() == 1

    assert "names no default remote" in capsys.readouterr().err
