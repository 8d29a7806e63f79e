from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.adopt import command
from goldenpath.adopt.plan import Request
from goldenpath.project.exit_codes import Exit
from tests.command import goldenpath


def test_adopt_shows_its_guesses_and_what_to_do_next(
    skeleton: Path, customers_csv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "write", lambda *_: None)

    command.adopt(skeleton, Request(customers_csv, "churned"))

    shown = " ".join(capsys.readouterr().out.split())
    assert "split by random" in shown
    assert "make run test" in shown


def test_adopt_hands_options_to_the_plan(skeleton: Path, customers_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[tuple[Request, bool]] = []
    monkeypatch.setattr(command, "adopt", lambda _, request, *, force: requests.append((request, force)))

    goldenpath(
        "adopt", str(customers_csv), "churned", "--time", "Since", "--entity", "", "--protected", "store, Größe,",
        "--force",
    )  # fmt: skip

    assert requests == [(Request(customers_csv, "churned", "Since", None, ("store", "Größe")), True)]


def test_a_refused_table_changes_nothing(skeleton: Path, customers_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(skeleton)
    before = {path: path.read_bytes() for path in skeleton.rglob("*") if path.is_file()}

    outcome = goldenpath("adopt", str(customers_csv), "churnt")

    assert outcome.exit_code == Exit.FAILED
    assert "TARGET churnt: the file has no such column" in outcome.stderr
    assert {path: path.read_bytes() for path in skeleton.rglob("*") if path.is_file()} == before


def test_changes_that_are_not_committed_are_kept_unless_forced(
    skeleton: Path, customers_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    monkeypatch.setattr(command, "write", lambda root, *_: written.append(root))
    monkeypatch.setattr(command, "refuse_to_lose_work", lambda *_: pytest.fail("asked though forced"))

    command.adopt(skeleton, Request(customers_csv, "churned"), force=True)

    assert written == [skeleton]


def test_data_and_target_are_both_needed() -> None:
    outcome = goldenpath("adopt", "customers.csv")

    assert outcome.exit_code == Exit.USAGE
    assert "TARGET" in outcome.stderr
