"""Every proof is run and recorded in its order; one that fails or cannot be run stops no other."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click
import pytest

from goldenpath.cli import main
from goldenpath.delivery import evidence
from goldenpath.project.exit_codes import Exit


@pytest.fixture
def record(tmp_path: Path) -> list[str]:
    """Stands in for ``goldenpath record``: keeps its words, and fails for TR-06."""
    program = tmp_path / "record.py"
    program.write_text(
        "import sys\n"
        f"open({str(tmp_path / 'recorded')!r}, 'a').write(' '.join(sys.argv[1:]) + chr(10))\n"
        "sys.exit(3 if 'TR-06' in sys.argv else 0)\n"
    )
    return [sys.executable, "-I", "-S", str(program)]


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without promtool and amtool."""
    monkeypatch.setattr(evidence.shutil, "which", lambda _: None)


def test_a_failed_proof_stops_no_other_and_fails_at_the_end(
    tmp_path: Path, record: list[str], no_tools: None, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = evidence.record_all(tmp_path, record)

    recorded = (tmp_path / "recorded").read_text().splitlines()
    assert ended == Exit.FAILED
    assert recorded[0] == (
        "CQ-02 --also DOC-02 --junit reports/junit.xml --coverage reports/coverage.xml -- goldenpath quickstart"
    )
    assert recorded[-1] == "MON-07 -- goldenpath drift --self-test"
    assert "evidence failed. 1 of 14 proofs:\n  TR-06: goldenpath reproduce" in capsys.readouterr().err


def test_what_cannot_be_run_here_is_told_with_its_reason(
    tmp_path: Path, record: list[str], no_tools: None, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence.record_all(tmp_path, record)

    shown = capsys.readouterr().out
    assert (
        "MON-02, the alert rules and the routes of alerts: not recorded, because it needs promtool and amtool" in shown
    )
    assert "MON-13, how right served predictions were: not recorded, because it takes labels" in shown
    assert "MON-13" not in (tmp_path / "recorded").read_text()


def test_labels_beside_the_log_are_recorded(tmp_path: Path, record: list[str], no_tools: None) -> None:
    (tmp_path / evidence.LABELS).parent.mkdir(parents=True)
    (tmp_path / evidence.LABELS).touch()

    evidence.record_all(tmp_path, record)

    assert "MON-13 -- goldenpath labels\n" in (tmp_path / "recorded").read_text()


def test_the_log_of_the_last_time_is_removed(tmp_path: Path, record: list[str], no_tools: None) -> None:
    (tmp_path / evidence.ASKED).mkdir(parents=True)

    evidence.record_all(tmp_path, record)

    assert not (tmp_path / evidence.ASKED).exists()


@pytest.mark.parametrize("proof", evidence.PROOFS, ids=lambda proof: proof.criterion)
def test_each_proof_is_a_command_that_the_tree_knows(proof: evidence.Proof) -> None:
    words = shlex.split(proof.command)[1:]
    command: click.Command | None = main
    context = click.Context(main)
    while words and isinstance(command, click.Group):
        command = command.get_command(context, words.pop(0))

    assert command is not None, proof.command
    command.make_parser(context).parse_args(words)
