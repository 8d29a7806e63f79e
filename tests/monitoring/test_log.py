from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import pandas as pd
import pytest

from goldenpath.model.signature import Input, Signature
from goldenpath.monitoring import compaction, log
from goldenpath.monitoring.log import Format, Seen
from goldenpath.project import contract
from goldenpath.project.contract import Contract
from goldenpath.project.errors import ProjectError
from goldenpath.serving.prediction_log import PredictionLog
from goldenpath.serving.prediction_log import Record as Logged
from tests.command import exit_code
from tests.monitoring.log_factory import START, Record, write

STEPS = 16
DYING = f"""
import os, shutil, signal, sys
from pathlib import Path
from {log.__package__} import compaction, log

folder, whole = Path(sys.argv[1]), Path(sys.argv[2])
agreed = log.of_project()
for step in range({STEPS}):
    copy = shutil.copytree(whole, folder / str(step))
    if os.fork() == 0:
        left = step

        def dying(work):
            def done(*arguments, **named):
                global left
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
                return work(*arguments, **named)

            return done

        Path.unlink, Path.replace, os.fsync = dying(Path.unlink), dying(Path.replace), dying(os.fsync)
        compaction.compact(copy, agreed, 0)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
"""Compacts copies of a log, each in a process that is killed before its next change to the disk, one change later each
time."""


@pytest.mark.usefixtures("sample")
def test_every_record_is_read_with_the_types_of_the_contract(logged: Path, served: list[Record]) -> None:
    frame = log.read(logged).set_index("id")

    assert sorted(frame.index) == sorted(record["id"] for record in served)
    assert frame.loc["p0", "time"] == START
    assert str(frame["inputs.distance"].dtype) == "Int64"
    for record in (served[0], served[-1]):
        found = frame.loc[record["id"]]
        assert (found["score"], found["decision"]) == (record["score"], record["decision"])
        inputs = {name: found[f"inputs.{name}"] for name in record["inputs"]}
        assert {name: None if pd.isna(value) else value for name, value in inputs.items()} == record["inputs"]


def test_torn_lines_are_skipped_and_counted(project: Path, served: list[Record]) -> None:
    folder, seen = project / "log", Seen()
    write(folder, [served[0], '{"id": "p', "", served[1], '{"id": "x", "time": "yesterday", "inputs": {}}', "[1]"])

    tables = list(log.batches(folder, log.of_project(), seen=seen))

    assert [name for table in tables for name in table["id"].to_pylist()] == ["p0", "p1"]
    assert (seen.rows, seen.torn) == (2, 3)


def test_a_last_line_without_its_newline_is_read_where_it_is_whole(project: Path, served: list[Record]) -> None:
    path = write(project / "log", served[:2])
    path.write_text(path.read_text().rstrip("\n"))

    assert len(log.read(path.parent)) == 2


@pytest.mark.parametrize("is_compacted", [False, True])
def test_a_time_is_chosen_with_its_start_and_without_its_end(logged: Path, is_compacted: bool) -> None:
    if is_compacted:
        compaction.compact(logged, log.of_project(), 0)

    found = log.read(logged, datetime(2026, 3, 2, 1, tzinfo=UTC), datetime(2026, 3, 2, 2, tzinfo=UTC))

    assert sorted(found["id"]) == sorted(f"p{place}" for place in range(10, 20))


def test_compaction_keeps_every_record_and_its_types(logged: Path) -> None:
    before = log.read(logged).sort_values("id", ignore_index=True)

    done = compaction.compact(logged, log.of_project(), idle_seconds=0)

    assert (done.segments, done.rows, done.torn, done.open) == (2, len(before), 1, 0)
    assert list(logged.glob("*.jsonl")) == []
    pd.testing.assert_frame_equal(log.read(logged).sort_values("id", ignore_index=True), before)
    days = {path.parent.name for path in (logged / "parquet").rglob("*.parquet")}
    assert days == {f"day={time.date()}" for time in before["time"]}


def test_a_segment_that_may_still_be_written_to_is_left(logged: Path) -> None:
    done = compaction.compact(logged, log.of_project())

    assert (done.segments, done.open) == (1, 1)
    assert [path.name for path in logged.glob("*.jsonl")] == ["20260303T060000Z-host-7-1.jsonl"]


def test_the_last_segment_of_a_killed_process_is_closed_after_a_while(logged: Path) -> None:
    os.utime(logged / "20260303T060000Z-host-7-1.jsonl", (0, 0))

    assert compaction.compact(logged, log.of_project()).segments == 2


def test_processes_do_not_close_each_others_segments(project: Path, served: list[Record]) -> None:
    folder = project / "log"
    write(folder, served[:1], "20260302T000000Z-host-a-7-0")
    write(folder, served[1:2], "20260302T010000Z-host-b-7-1")

    assert compaction.compact(folder, log.of_project()).segments == 0


def test_a_second_compaction_changes_nothing(logged: Path) -> None:
    compaction.compact(logged, log.of_project(), 0)
    before = {path: path.stat().st_mtime_ns for path in logged.rglob("*.parquet")}

    assert compaction.compact(logged, log.of_project(), 0).segments == 0
    assert {path: path.stat().st_mtime_ns for path in logged.rglob("*.parquet")} == before


def test_killed_at_any_step_no_record_is_lost_or_doubled(
    project: Path, served: list[Record], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, logged = tmp_path_factory.mktemp("killed"), project / "log"
    write(logged, served[235:245])  # from one day into the next
    write(logged, served[245:250], "20260303T060000Z-host-7-1")
    expected = sorted(record["id"] for record in served[235:250])
    words = [sys.executable, "-c", DYING, str(folder), str(logged)]

    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(words, check=True, capture_output=True, text=True, env=environment).stdout.split()

    killed = ended.count(str(-signal.SIGKILL))
    assert killed > 10
    assert ended == [str(-signal.SIGKILL)] * killed + ["0"] * (STEPS - killed)
    for step in range(killed):
        copy = folder / str(step)
        assert sorted(log.read(copy)["id"]) == expected, f"killed at step {step}"
        compaction.compact(copy, log.of_project(), 0)
        assert sorted(log.read(copy)["id"]) == expected, f"run again after step {step}"
        assert list(copy.rglob(".unfinished-*")) == []


def test_a_segment_that_becomes_parquet_while_it_is_read_is_read_once(
    logged: Path, served: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed, lines = log.of_project(), log.read_segment

    def late(segment: Path, *others: object) -> object:
        monkeypatch.setattr(log, "read_segment", lines)
        compaction.compact(logged, agreed, 0)
        return lines(segment, *others)

    monkeypatch.setattr(log, "read_segment", late)

    assert sorted(log.read(logged)["id"]) == sorted(record["id"] for record in served)


def test_personal_inputs_are_text_whatever_the_service_made_of_them(shop_contract: Contract, tmp_path: Path) -> None:
    hidden = [replace(c, classification="restricted") if c.name == "price" else c for c in shop_contract]
    inputs = tuple(Input(column.name, column.type, column.is_category) for column in shop_contract.features)
    described = Signature("binary", "returned", (False, True), 0.5, inputs, "a" * 64, shop_contract.sha256)
    order = {"time": "2026-01-01T00:00:00.000000Z", "decision": True, "score": 0.5, "entity": 1}
    prices = {"a": "9f86d081", "b": None, "c": 12.5}
    write(tmp_path, [{**order, "id": name, "inputs": {"store": 7, "price": price}} for name, price in prices.items()])

    found = log.read(tmp_path, agreed=Format(replace(shop_contract, columns=tuple(hidden)), described))

    assert found["inputs.price"].fillna("").tolist() == ["9f86d081", "", "12.5"]


@pytest.mark.parametrize("is_compacted", [False, True])
def test_an_answer_to_an_event_that_was_written_twice_is_read_once(
    project: Path, served: list[Record], is_compacted: bool
) -> None:
    folder, agreed, seen = project / "log", log.of_project(), Seen()
    events = [record | {"mode": "events"} for record in served[:5]]
    write(folder, [*events[:3], events[1]])
    if is_compacted:
        compaction.compact(folder, agreed, 0)
    write(folder, [events[4], *events[2:], served[5]], "20260303T060000Z-host-7-1")

    found = [name for table in log.batches(folder, agreed, seen=seen) for name in table["id"].to_pylist()]

    assert sorted(found) == ["p0", "p1", "p2", "p3", "p4", "p5"]
    assert (seen.rows, seen.doubled) == (9, 3)


def test_what_a_service_still_writes_to_is_left_to_it_however_long_nothing_came(
    project: Path, served: list[Record]
) -> None:
    folder, agreed = project / "log", log.of_project()
    service = PredictionLog(folder, agreed.agreed)
    for segment in folder.glob("*.jsonl"):
        os.utime(segment, (0, 0))
    while_open = compaction.compact(folder, agreed, 0)
    for record in served[:3]:
        service.append(Logged(**record | {"time": datetime.fromisoformat(record["time"])}))
    service.close()

    assert (while_open.segments, while_open.open) == (0, 1)
    assert compaction.compact(folder, agreed, 0).rows == 3
    assert sorted(log.read(folder)["id"]) == ["p0", "p1", "p2"]


def test_a_second_compaction_waits_for_the_first_and_takes_what_is_left(
    project: Path, served: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, agreed = project / "log", log.of_project()
    for place in range(8):
        write(folder, served[place * 10 : place * 10 + 10], f"20260302T0{place}0000Z-host-7-{place}")
    first = shutil.copytree(folder, project / "first")
    compaction.compact(first, agreed, 0)
    waits, lock = threading.Event(), fcntl.flock

    def flock(handle: IO[str] | int, operation: int) -> None:
        if operation == fcntl.LOCK_EX:
            waits.set()
        lock(handle, operation)

    with ThreadPoolExecutor(1) as pool, (folder / compaction.LOCK).open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        monkeypatch.setattr(fcntl, "flock", flock)
        second = pool.submit(compaction.compact, folder, agreed, 0)
        assert waits.wait(60)
        for segment in sorted(folder.glob("*.jsonl"))[:7]:  # what the first one does as long as it holds the lock
            segment.unlink()
            [made] = (first / log.PARQUET).glob(f"day=*/{segment.stem}.parquet")
            (folder / made.relative_to(first)).parent.mkdir(parents=True, exist_ok=True)
            made.replace(folder / made.relative_to(first))

    assert (second.result().segments, second.result().rows) == (1, 10)
    assert sorted(log.read(folder)["id"]) == sorted(f"p{place}" for place in range(80))


def test_a_file_that_a_batch_is_writing_is_neither_read_nor_removed(logged: Path) -> None:
    unfinished = logged / "parquet" / "day=2026-03-02" / ".tmp-batch-1-000000.parquet"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"PAR1, and no end yet")

    compaction.compact(logged, log.of_project(), 0)

    assert unfinished.exists()
    assert len(log.read(logged)) > 0


@pytest.mark.usefixtures("sample")
def test_records_of_an_older_model_have_the_columns_of_today(logged: Path) -> None:
    agreed = log.of_project()
    compaction.compact(logged, agreed, 0)
    longer = replace(agreed.described, inputs=(*agreed.described.inputs, Input("late", "boolean", False)))

    found = log.read(logged, agreed=Format(contract.load(), longer))

    assert found["inputs.late"].isna().all()
    assert found["score"].notna().all()


def test_a_file_that_another_contract_wrote_is_told_with_column_value_and_remedy(logged: Path) -> None:
    agreed = log.of_project()
    compaction.compact(logged, agreed, 0)
    path = next(logged.rglob("*.parquet"))
    pd.read_parquet(path).assign(score="high").to_parquet(path)

    with pytest.raises(ProjectError, match=r"the column score does not hold .* double: .*'high'.*move the file out"):
        log.read(logged, agreed=agreed)


def test_a_file_that_is_no_parquet_is_told(logged: Path) -> None:
    compaction.compact(logged, log.of_project(), 0)
    path = next(logged.rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:100])

    with pytest.raises(ProjectError, match=rf"{path.name}: cannot be read as Parquet: .* Fetch it again"):
        log.read(logged)


def test_a_folder_that_is_not_there_is_told(inside: Path) -> None:
    with pytest.raises(ProjectError, match=r"no such folder. Name the prediction log: --log FOLDER"):
        log.read(inside / "nowhere")


def test_what_is_no_time_is_told() -> None:
    with pytest.raises(ProjectError, match="tomorrow: no time"):
        log.timestamp("tomorrow")


def test_compacting_tells_what_it_did(logged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("log", "compact", "--log", str(logged)) == 0
    told = "1 segments, 300 records are now Parquet; 0 torn lines skipped; 1 segments are still open"
    assert told in capsys.readouterr().out
