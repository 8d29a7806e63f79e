from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from goldenpath.delivery.release.local_service import LocalService, running
from goldenpath.project import contract, team
from goldenpath.project.paths import RAW
from goldenpath.tables import months
from tests.command import exit_code

Run = Callable[..., int]


@pytest.fixture
def month(project: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The newest month of a source that holds what the pipeline read, in no order."""
    if contract.load().time is None:
        pytest.skip("without a time there is no month to play")
    raw = pd.read_parquet(RAW).sample(frac=1, random_state=0, ignore_index=True)
    monkeypatch.setattr(team, "load_rows", lambda _: raw)
    return months.newest_whole(months.counted(months.timestamps(raw, contract.load())))


@pytest.fixture
def service(project: Path) -> Iterator[LocalService]:
    with running() as started:
        yield started


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def called(*words: str, key: str = "") -> int:
        monkeypatch.setenv("SERVICE_KEY", key)
        return exit_code("simulate", *words)

    return called


def test_a_month_is_played_in_order_and_its_labels_come_after(
    month: str, service: LocalService, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(month, "--url", service.url, "--rows", "60", "--speed", "1e9", key=service.key) == 0

    segments = sorted(service.log.glob("*.jsonl"))
    deadline = time.monotonic() + 5
    while sum(path.read_text().count("\n") for path in segments) < 60 and time.monotonic() < deadline:
        time.sleep(0.05)
    records = [json.loads(line) for path in segments for line in path.read_text().splitlines()]
    played = [datetime.fromisoformat(record["request"].partition("/")[0]) for record in records]
    with Path(f"logs/labels-{month}.csv").open(newline="") as file:
        labels = list(csv.DictReader(file))
    assert len(records) == 60
    assert played == sorted(played)
    assert {f"{time_of_row:%Y-%m}" for time_of_row in played} == {month}
    assert [label["id"] for label in labels] == [record["id"] for record in records if record["id"] in
                                                 {label["id"] for label in labels}]  # fmt: skip
    assert len(labels) > 40
    printed = capsys.readouterr().out
    assert "60 predictions" in printed
    assert f"goldenpath labels logs/labels-{month}.csv" in printed
    assert "of these rows" in printed, "the model knows them, because nothing was held back"


def test_a_month_that_is_not_there_is_refused_before_anything_is_sent(
    month: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("1999-01", "--url", "http://127.0.0.1:9") == 1

    told = capsys.readouterr().err
    assert "MONTH 1999-01: the source has no row of that month. It has " in told
    assert month in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--url", "http://127.0.0.1:9"), "No service responds at http://127.0.0.1:9"),
        (("--url", "127.0.0.1"), "--url 127.0.0.1: want the address"),
        (("--speed", "0"), "Invalid value for '--speed'"),
        (("--rows", "many"), "Invalid value for '--rows'"),
    ],
)
def test_what_cannot_be_played_is_told_in_one_message(
    month: str, run: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, str], told: str
) -> None:
    assert run(month, *words) in (1, 2)

    assert told in capsys.readouterr().err


def test_a_caller_whom_the_service_does_not_know_is_told_how_to_say_who(
    month: str, service: LocalService, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(month, "--url", service.url, key="wrong") == 1

    assert "does not know the caller (401). Give SERVICE_KEY" in capsys.readouterr().err
