from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from goldenpath.project import contract
from goldenpath.project.contract import Contract
from goldenpath.serving import prediction_log
from goldenpath.serving.prediction_log import LogEndedError, LogError, LogFullError, PredictionLog, Record, read_key
from tests.serving.fork_server import ForkServer, Process
from tests.serving.running_service import PATIENCE_SECONDS, until

KEY = b"sixteen bytes or more"
INPUTS = {"store": 7, "size": "S", "price": 9.5}


def record(number: int = 0, **changes: Any) -> Record:
    timestamp = datetime(2026, 1, 31, 13, 45, 0, 7, tzinfo=UTC)
    fields = {
        "id": f"p-{number}",
        "request": "r",
        "time": timestamp,
        "mode": "rest",
        "variant": "champion",
        "model": "ab" * 32,
        "inputs": INPUTS,
        "decision": True,
        "score": 0.25,
        "latency_ms": 1.5,
        "entity": 42,
    }
    return Record(**{**fields, **changes})


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


def is_locked(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def classified(shop: Any, **classes: str) -> Contract:
    def change(content: Any) -> None:
        for item in content["schema"][0]["properties"]:
            item["classification"] = classes.get(item["name"], "internal")

    return contract.load(shop(change))


def test_a_record_is_one_line_of_json(shop_contract: Contract, tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "log", shop_contract)

    log.append(record())
    log.close()

    assert lines(tmp_path / "log") == [
        {
            "id": "p-0",
            "request": "r",
            "time": "2026-01-31T13:45:00.000007Z",
            "mode": "rest",
            "variant": "champion",
            "model": "ab" * 32,
            "inputs": INPUTS,
            "decision": True,
            "score": 0.25,
            "latency_ms": 1.5,
            "entity": 42,
        }
    ]


def test_what_json_has_no_number_for_is_missing(shop_contract: Contract, tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "log", shop_contract)

    log.append(record(inputs={**INPUTS, "price": float("nan")}))
    log.close()

    assert lines(tmp_path / "log")[0]["inputs"] == {**INPUTS, "price": None}


def test_records_are_written_within_the_window_unasked(shop_contract: Contract, tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "log", shop_contract, window_seconds=0.02)

    log.append(record())
    deadline = time.monotonic() + 5
    while not lines(tmp_path / "log") and time.monotonic() < deadline:
        time.sleep(0.01)

    assert len(lines(tmp_path / "log")) == 1
    log.close()


def test_sync_returns_once_everything_is_written(
    shop_contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_log, "BATCH_RECORDS", 100)
    log = PredictionLog(tmp_path / "log", shop_contract, window_seconds=60)

    for number in range(250):
        log.append(record(number))
    log.sync()

    assert [found["id"] for found in lines(tmp_path / "log")] == [f"p-{number}" for number in range(250)]
    assert (log.unwritten, log.written) == (0, 250)
    log.close()


def test_a_full_segment_is_closed_for_good_and_another_opened(shop_contract: Contract, tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "log", shop_contract, segment_bytes=1)

    for number in range(3):
        log.append(record(number))
        log.sync()

    segments = sorted((tmp_path / "log").iterdir())  # the name begins with the time
    assert [path.stem.rpartition("-")[2] for path in segments] == ["1", "2", "3"]
    assert [is_locked(path) for path in segments] == [False, False, True]
    log.close()
    assert not is_locked(segments[-1])


def test_an_old_segment_is_closed_before_the_next_record(shop_contract: Contract, tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "log", shop_contract, segment_seconds=0)

    for number in range(2):
        log.append(record(number))
        log.sync()
    log.close()

    assert len(list((tmp_path / "log").iterdir())) == 2


def test_confidential_columns_are_hashed_and_restricted_ones_left_out(shop: Any, tmp_path: Path) -> None:
    agreed = classified(shop, size="confidential", price="restricted", customer="confidential")
    log = PredictionLog(tmp_path / "log", agreed, key=KEY)

    log.append(record())
    log.close()

    [found] = lines(tmp_path / "log")
    assert found["inputs"] == {"store": 7, "size": hmac.new(KEY, b"S", hashlib.sha256).hexdigest()}
    assert found["entity"] == hmac.new(KEY, b"42", hashlib.sha256).hexdigest()


def test_without_a_key_confidential_columns_are_left_out(shop: Any, tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "log", classified(shop, size="confidential", customer="confidential"), key=None)

    log.append(record())
    log.close()

    [found] = lines(tmp_path / "log")
    assert (found["inputs"], found["entity"]) == ({"store": 7, "price": 9.5}, None)


def test_a_hash_is_the_same_for_a_whole_number_however_it_was_written(shop: Any) -> None:
    privacy = prediction_log.Privacy(classified(shop, store="confidential"), KEY)

    assert privacy.hashed(7) == privacy.hashed(7.0) == privacy.hashed("7")


@pytest.mark.parametrize("content", [b"", b"short"])
def test_a_key_that_could_be_guessed_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(content)

    with pytest.raises(LogError, match="want 16 or more"):
        read_key(tmp_path / "key")


def test_a_folder_that_cannot_be_made_is_told_at_the_start(shop_contract: Contract, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(LogError, match="Set PREDICTION_LOG to a folder that can be written to"):
        PredictionLog(tmp_path / "file" / "log", shop_contract)


# In a process of its own: a limit to the size of files stands in for the end of the disk, for all files of a process.
FULL_DISK = """
import json, resource, sys, time
from pathlib import Path
from goldenpath.project import contract
from goldenpath.serving.prediction_log import LogError, LogFullError, PredictionLog
from tests.serving.test_prediction_log import record

HARD = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
log = PredictionLog(Path(sys.argv[2]), contract.load(Path(sys.argv[1])), window_seconds=0.001, most_unwritten=50)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, HARD))
taken, refused = 0, 0
for number in range(200):
    try:
        log.append(record(taken))
        taken += 1
    except LogFullError:
        refused += 1
    time.sleep(0.001)
try:
    log.sync()
    told = ""
except LogError as error:
    told = str(error)
full = {"taken": taken, "refused": refused, "lost": log.lost, "errors": log.errors, "unwritten": log.unwritten}
resource.setrlimit(resource.RLIMIT_FSIZE, (HARD, HARD))
deadline = time.monotonic() + 10
while log.unwritten and time.monotonic() < deadline:
    time.sleep(0.05)
log.append(record(taken))
log.close()
print(json.dumps({"full": full, "told": told, "taken": taken + 1, "written": log.written}))
"""


def run(fork_server: ForkServer, code: str, folder: Path, *arguments: object) -> Process:
    """Start code that writes to ``said``."""
    return fork_server.start("", *arguments, folder=folder, output=folder / "said", code=code)


def test_a_full_disk_refuses_records_and_loses_none_it_took(shop: Any, tmp_path: Path, fork_server: ForkServer) -> None:
    folder = tmp_path / "log"

    process = run(fork_server, FULL_DISK, tmp_path, shop(), folder)

    assert process.wait(PATIENCE_SECONDS) == 0
    told = json.loads((tmp_path / "said").read_text().splitlines()[-1])

    full = told["full"]
    assert full["refused"] == full["lost"] > 0
    assert full["errors"] > 0
    assert full["unwritten"] == 50
    assert "predictions cannot be logged. The disk says: File too large" in told["told"]
    assert [found["id"] for found in lines(folder)] == [f"p-{number}" for number in range(told["taken"])]
    assert told["written"] == told["taken"]


KILLED = """
import sys
from pathlib import Path
from goldenpath.project import contract
from goldenpath.serving.prediction_log import PredictionLog
from tests.serving.test_prediction_log import record

log = PredictionLog(Path(sys.argv[2]), contract.load(Path(sys.argv[1])))
number = 0
while True:
    log.append(record(number))
    log.sync()
    print(number, flush=True)
    number += 1
"""


def test_kill_9_loses_nothing_that_was_synced(shop: Any, tmp_path: Path, fork_server: ForkServer) -> None:
    process = run(fork_server, KILLED, tmp_path, shop(), tmp_path / "log")
    until(lambda: (tmp_path / "said").exists() and "\n20\n" in (tmp_path / "said").read_text())
    process.kill()
    assert process.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    last = int((tmp_path / "said").read_text().split("\n")[-2])

    [segment] = (tmp_path / "log").iterdir()
    whole = segment.read_text().split("\n")[:-1]
    assert [json.loads(line)["id"] for line in whole][: last + 1] == [f"p-{number}" for number in range(last + 1)]
    assert not is_locked(segment)


def test_half_a_character_stops_nothing(shop_contract: Contract, tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "log", shop_contract)

    log.append(record(0, entity="half \ud800"))
    log.append(record(1))
    log.close()

    assert [(found["id"], found["entity"]) for found in lines(tmp_path / "log")] == [("p-0", "half ?"), ("p-1", 42)]


def test_half_a_character_is_hashed_too(shop: Any, tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "log", classified(shop, size="confidential", customer="confidential"), key=KEY)

    log.append(record(inputs={**INPUTS, "size": "\ud800"}, entity="half \ud800"))
    log.sync()
    log.close()

    [found] = lines(tmp_path / "log")
    assert found["entity"] == hmac.new(KEY, b"half ?", hashlib.sha256).hexdigest()
    assert found["inputs"]["size"] == hmac.new(KEY, b"?", hashlib.sha256).hexdigest()


def test_nobody_waits_for_a_thread_that_has_ended(
    shop_contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> bytes:
        raise RuntimeError("never thought of")

    monkeypatch.setattr(PredictionLog, "_line", fail)
    log = PredictionLog(tmp_path / "log", shop_contract, window_seconds=60)
    log.append_all([record(0), record(1)])

    with pytest.raises(LogEndedError, match=r"ended, with 2 predictions unwritten: .*never thought of"):
        log.sync()
    with pytest.raises(LogEndedError):
        log.append(record(2))
    with pytest.raises(LogEndedError):
        log.sync()

    log.close()
    assert log.lost == 3
    assert capsys.readouterr().err.count("Start the process again.") == 1


def test_records_are_taken_all_or_none(shop_contract: Contract, tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "log", shop_contract, window_seconds=60, most_unwritten=3)
    log.append_all([record(0), record(1)])

    with pytest.raises(LogFullError, match="2 predictions wait to be logged"):
        log.append_all([record(2), record(3)])

    log.close()
    assert ([found["id"] for found in lines(tmp_path / "log")], log.lost) == (["p-0", "p-1"], 2)


def test_more_than_the_bound_is_refused_at_once(shop_contract: Contract, tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "log", shop_contract, window_seconds=60, most_unwritten=2)
    log.append(record(0))
    log.append(record(1))

    with pytest.raises(LogFullError, match="2 predictions wait to be logged"):
        log.append(record(2))

    log.close()
    assert (len(lines(tmp_path / "log")), log.lost) == (2, 1)
