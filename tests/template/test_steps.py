"""A failing step of the demo tells where and why, and how to go on."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests.template.demo import metrics_table
from tests.template.steps import TAIL_LINES, Step, StepError, run


def python(code: str, folder: Path) -> Step:
    return Step("count", "count to many", [sys.executable, "-c", code], folder)


def test_a_step_returns_and_logs_what_its_command_printed(tmp_path: Path) -> None:
    shown = io.StringIO()
    printed = run(python("print('[bold]hello'); print('there')", tmp_path), tmp_path, os.environ, Console(file=shown))

    assert printed == "[bold]hello\nthere\n"
    assert (tmp_path / "count.log").read_text() == printed
    assert shown.getvalue().startswith("ok     count")


def test_a_failing_step_shows_the_end_of_its_log_and_the_command_to_repeat(tmp_path: Path) -> None:
    step = python("for n in range(100): print('line', n)\nraise SystemExit(3)", tmp_path)

    with pytest.raises(StepError) as failure:
        run(step, tmp_path, os.environ, Console(file=io.StringIO()))

    message = str(failure.value)
    assert "'count' failed with exit code 3" in message
    assert "line 99" in message
    assert f"line {100 - TAIL_LINES}" in message
    assert f"line {99 - TAIL_LINES}" not in message
    assert f"cd {tmp_path} && {sys.executable} -c" in message


def test_the_metrics_table_shows_intervals_and_baselines_and_gaps() -> None:
    estimate = {"value": 0.7123, "low": 0.70, "high": 0.72}
    undefined = {"value": None, "low": None, "high": None}
    metrics = {
        "rows": 12345,
        "model": {"roc_auc": estimate, "recall": undefined},
        "baseline": {"constant": {"roc_auc": estimate | {"value": 0.5}, "recall": undefined}},
    }
    shown = io.StringIO()
    Console(file=shown, width=100).print(metrics_table(metrics))

    lines = shown.getvalue().splitlines()
    assert "12,345 rows" in lines[0]
    assert any(all(text in line for text in ("roc_auc", "0.7123", "0.7 to 0.72", "0.5")) for line in lines)
    assert any(all(text in line for text in ("recall", " - ", "- to -")) for line in lines)
