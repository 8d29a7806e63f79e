from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from goldenpath.delivery.release import pushed
from goldenpath.project.errors import ProjectError
from goldenpath.repository.facts import TOLD


@pytest.fixture
def dvc(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[list[str]]]:
    """Stands in for DVC, whose own sending it tests itself; ends with a code, and keeps what it was told to do."""

    def stand_in(code: int) -> list[list[str]]:
        told: list[list[str]] = []

        def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
            told.append(command[2:])
            return subprocess.CompletedProcess(command, code)

        monkeypatch.setattr(subprocess, "run", run)
        return told

    return stand_in


def test_push_tells_what_the_remote_holds(
    product: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dvc: Callable[[int], list[list[str]]]
) -> None:
    commands = dvc(0)
    monkeypatch.setenv(TOLD, str(tmp_path / "told.json"))
    (product / "data/source").mkdir(parents=True)
    (product / "data/source/a.csv.dvc").write_text(f"outs:\n- md5: '{'4' * 32}'\n  path: a.csv\n")

    pushed.push(product)

    assert commands == [["dvc", "push"]]
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["remote"] == "default"
    assert told["outs"]["data/source/a.csv"] == "4" * 32
    assert told["outs"]["models/model.onnx"] == "2" * 32


def test_a_push_that_failed_is_told_to_nobody(
    product: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dvc: Callable[[int], list[list[str]]]
) -> None:
    dvc(255)
    monkeypatch.setenv(TOLD, str(tmp_path / "told.json"))

    with pytest.raises(ProjectError, match="dvc push ended with 255"):
        pushed.push(product)

    assert not (tmp_path / "told.json").exists()


def test_a_project_without_a_remote_is_refused(product: Path) -> None:
    (product / ".dvc/config").write_text("[core]\n")

    with pytest.raises(ProjectError, match="names no default remote"):
        pushed.push(product)
