"""The check of rules and routes, with stand-ins for promtool and amtool: what it tells, and when it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from goldenpath.monitoring.alerting import check
from goldenpath.project.errors import ProjectError
from goldenpath.repository import facts
from tests.sample import ROOT

TESTS = {
    "a.yaml": "tests: [{alert_rule_test: [{alertname: Late, exp_alerts: [{}]}, {alertname: Slow, exp_alerts: []}]}]\n",
    "b.yaml": "tests: [{promql_expr_test: [{expr: up}]}]\n",
}


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


def told(programs: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((programs / "facts.json").read_text(encoding="utf-8"))
    return content


def test_sound_rules_are_told_with_their_tests(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check.check(TESTS)

    assert told(programs) == {"tests": 2, "failures": 0, "expectations": 3, "fired": ["Late"]}
    assert "2 files of tests, 3 expectations" in capsys.readouterr().out


def test_tests_of_the_teams_own_rules_count_too(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "monitoring", tmp_path / "project" / "monitoring")
    own = tmp_path / "project" / check.PROMETHEUS / "tests" / "own.yaml"
    own.parent.mkdir()
    own.write_text("tests: [{alert_rule_test: [{alertname: Own, exp_alerts: [{}]}]}]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "project")

    check.check(TESTS)

    assert told(programs)["fired"] == ["Late", "Own"]


@pytest.mark.parametrize(
    ("program", "body"),
    [
        ("promtool", 'test "$1 $2" != "test rules" || { echo a.yaml: it differs; exit 1; }'),
        ("promtool", 'test "$1 $2" != "check rules" || { echo it differs; exit 3; }'),
        ("amtool", "echo it differs; exit 1"),
    ],
    ids=["a test", "the rules", "the routes"],
)
def test_what_a_program_refuses_is_told_in_its_words(programs: Path, program: str, body: str) -> None:
    write(programs / program, body)

    with pytest.raises(ProjectError, match="it differs"):
        check.check(TESTS)

    assert int(str(told(programs)["failures"])) > 0


def test_a_missing_program_is_named_with_its_package(programs: Path) -> None:
    (programs / "amtool").unlink()

    with pytest.raises(ProjectError, match=r"amtool is not installed\. Debian: .* prometheus-alertmanager"):
        check.check(TESTS)


def test_a_project_without_rules_is_refused(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ProjectError, match="goldenpath render"):
        check.check(TESTS)
