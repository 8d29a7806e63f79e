from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.adopt import __main__ as command


def test_options_left_empty_by_make_count_as_not_given(
    skeleton: Path, customers_csv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(skeleton)
    monkeypatch.setattr(command, "write", lambda *_: None)

    status = command.main([str(customers_csv), "churned", "--time", "", "--entity", "", "--protected", ""])

    shown = capsys.readouterr().out
    assert status == 0
    assert "split by random" in " ".join(shown.split())
    assert "make pipeline test" in shown


def test_a_refusal_goes_to_standard_error_with_status_1_and_changes_nothing(
    skeleton: Path, customers_csv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(skeleton)
    before = {path: path.read_bytes() for path in skeleton.rglob("*") if path.is_file()}

    status = command.main([str(customers_csv), "churnt"])

    assert status == 1
    assert "nothing was changed" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in skeleton.rglob("*") if path.is_file()} == before


def test_data_and_target_are_both_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["", ""]) == 1
    assert "make adopt DATA=" in capsys.readouterr().err
