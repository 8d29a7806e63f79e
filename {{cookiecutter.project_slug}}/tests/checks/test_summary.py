from __future__ import annotations

import json
from pathlib import Path

import pytest

from {{ cookiecutter.package_name }}.checks import summary
from {{ cookiecutter.package_name }}.errors import ProjectError

DATA = {"gate": "data-check", "verdict": "fail", "reasons": ["3 rows: size must be one of S, M"]}
LOCK = {"gate": "lock-check", "verdict": "pass", "reasons": []}


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of reports of a project that is the working directory."""
    (tmp_path / "reports").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(summary.JOBS, raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path / "reports"


def test_the_page_names_what_is_not_green_first(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (reports / "lock-check.json").write_text(json.dumps(LOCK))
    (reports / "data-check.json").write_text(json.dumps(DATA))
    monkeypatch.setenv(summary.JOBS, json.dumps({"data": {"result": "failure"}, "quality": {"result": "success"}}))

    assert summary.main() == 0

    text = (reports / "pull-request.md").read_text()
    assert text.startswith("## Not green: data, data-check\n")
    assert text.index("| data-check | fail | 3 rows: size must be one of S, M |") < text.index("| lock-check | pass |")
    assert "| quality | success |" in text


def test_a_job_that_was_cancelled_is_not_green() -> None:
    assert summary.markdown(summary.jobs('{"model": {"result": "cancelled"}}'), []).startswith("## Not green: model\n")


def test_what_is_no_gates_report_is_passed_over(reports: Path) -> None:
    (reports / "metrics.json").write_text('{"model": {"roc_auc": 0.7}}')
    (reports / "lock-check.json").write_text(json.dumps(LOCK))

    assert summary.gates(reports) == [LOCK]


def test_a_damaged_report_stops_the_page(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (reports / "data-check.json").write_text("{")

    assert summary.main() == 1
    assert "reports/data-check.json: not JSON" in capsys.readouterr().err
    assert not (reports / "pull-request.md").exists()


@pytest.mark.parametrize("needs", ["[]", "{", '{"data": "success"}', '{"data": {}}'])
def test_jobs_that_cannot_be_read_are_refused(needs: str) -> None:
    with pytest.raises(ProjectError, match="JOBS: want"):
        summary.jobs(needs)


def test_the_page_joins_the_jobs_summary(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(reports / "summary"))

    assert summary.main() == 0
    assert "No gate has left a report here." in (reports / "summary").read_text()
