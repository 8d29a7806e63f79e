from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from goldenpath.gates import audit
from goldenpath.repository.facts import TOLD

SOUND: dict[str, Any] = {"name": "numpy", "version": "2.4.0", "vulns": []}
HOLE = {"id": "PYSEC-2026-1", "fix_versions": ["2.4.1"]}


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Judges a report of packages, and returns the exit code."""

    def judge(report: Any) -> int:
        path = tmp_path / "audit.json"
        path.write_text(report if isinstance(report, str) else json.dumps({"dependencies": report}))
        monkeypatch.setattr("sys.argv", ["audit", str(path)])
        return audit.main()

    return judge


def test_sound_packages_pass_and_are_told(judged: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOLD, str(tmp_path / "told.json"))

    assert judged([SOUND]) == 0

    assert json.loads((tmp_path / "told.json").read_text()) == {"dependencies": [SOUND]}


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ([SOUND | {"vulns": [HOLE]}], "numpy 2.4.0: PYSEC-2026-1, mended in 2.4.1"),
        ([SOUND | {"vulns": [{"id": "X-1", "fix_versions": []}]}], "mended in no version yet"),
        ([{"name": "numpy", "skip_reason": "not found"}], "numpy: was left out: not found"),
        ([], "No package was looked up"),
        ("[", "cannot be read"),
    ],
)
def test_holes_and_gaps_are_refused(judged: Any, capsys: pytest.CaptureFixture[str], report: Any, words: str) -> None:
    assert judged(report) == 1

    assert words in capsys.readouterr().err
