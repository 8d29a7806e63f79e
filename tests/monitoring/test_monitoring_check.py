"""The check of rules and routes, with stand-ins for promtool and amtool: what it tells, and when it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldenpath.monitoring.alerting import check
from goldenpath.repository import facts
from tests.sample import ROOT


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is on PATH, with a promtool and an amtool that find nothing wrong."""
    for name in ("promtool", "amtool"):
        write(tmp_path / name, "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(facts.TOLD, str(tmp_path / "facts.json"))
    monkeypatch.chdir(ROOT)
    return tmp_path


def write(program: Path, body: str) -> None:
    program.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    program.chmod(0o755)


def told(programs: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((programs / "facts.json").read_text(encoding="utf-8"))
    return found


def test_sound_rules_are_told_with_their_tests(programs: Path) -> None:
    ended = check.main()

    assert ended == 0
    assert told(programs)["tests"] == len(list((ROOT / "monitoring" / "prometheus" / "tests").glob("*.yaml")))
    assert told(programs)["failures"] == 0


@pytest.mark.parametrize(
    ("program", "body"),
    [
        ("promtool", 'test "$1 $2" != "test rules" || { echo batch.yaml: it differs; exit 1; }'),
        ("promtool", 'test "$1 $2" != "check rules" || { echo it differs; exit 3; }'),
        ("amtool", "echo it differs; exit 1"),
    ],
    ids=["a test", "the rules", "the routes"],
)
def test_what_a_program_refuses_is_told_in_its_words(
    programs: Path, capsys: pytest.CaptureFixture[str], program: str, body: str
) -> None:
    write(programs / program, body)

    ended = check.main()

    assert ended == 1
    assert "it differs" in capsys.readouterr().err
    assert told(programs)["failures"] > 0


def test_a_missing_program_is_named_with_its_package(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (programs / "amtool").unlink()

    ended = check.main()

    assert ended == 1
    assert "amtool is not installed. Debian: apt-get install prometheus-alertmanager" in capsys.readouterr().err


def test_a_project_without_tests_is_refused(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    ended = check.main()

    assert ended == 1
    assert "monitoring/prometheus/tests: holds no *.yaml" in capsys.readouterr().err
