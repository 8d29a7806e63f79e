from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldenpath.gates import gate, github
from goldenpath.gates.gate import Report
from goldenpath.gates.verdict import InconclusiveError
from goldenpath.project.errors import ProjectError


def shown(report: Report) -> str:
    return "\n".join(gate.heading("Gate", report))


@pytest.mark.parametrize(("verdict", "code"), [("pass", 0), ("fail", 1), ("inconclusive", 3)])
def test_the_exit_code_tells_the_verdict(tmp_path: Path, verdict: str, code: int) -> None:
    report = tmp_path / "reports" / "gate.json"

    assert gate.run("gate", report, lambda: {"verdict": verdict, "reasons": []}, shown).exit_code == code

    assert json.loads(report.read_text()) == {"schema": 1, "gate": "gate", "verdict": verdict, "reasons": []}


@pytest.mark.parametrize(("error", "code"), [(ProjectError("Broken."), 1), (InconclusiveError("Nobody knows."), 3)])
def test_what_cannot_be_judged_is_reported_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: ProjectError, code: int
) -> None:
    def judge() -> Report:
        raise error

    assert gate.run("gate", tmp_path / "gate.json", judge, shown).exit_code == code

    assert f"- {error}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("reasons", "line"),
    [
        ([], "gate: fail"),
        (["One."], "gate: fail (One.)"),
        (["One.", "Two.", "Three."], "gate: fail (One. And 2 findings more.)"),
    ],
)
def test_an_outcome_names_its_first_reason(tmp_path: Path, reasons: list[str], line: str) -> None:
    outcome = gate.run("gate", tmp_path / "gate.json", lambda: {"verdict": "fail", "reasons": reasons}, shown)

    assert str(outcome) == line


def test_the_jobs_page_shows_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "summary.md"
    page.write_text("Before.\n")
    monkeypatch.setenv(github.STEP_SUMMARY, str(page))

    gate.run("gate", tmp_path / "gate.json", lambda: {"verdict": "pass", "reasons": []}, shown)

    assert page.read_text() == "Before.\n### Gate: pass\n\n"


def test_values_cannot_break_a_table_or_become_markup() -> None:
    lines = gate.table(["column"], [["a|b\nc <img> `x` [link]"]])

    assert lines[2] == r"| a\|b c &lt;img> \`x\` \[link\] |"


def test_no_rows_make_no_table() -> None:
    assert gate.table(["column"], []) == []
