from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from goldenpath.model.predictor import Predictor
from goldenpath.project import contract
from goldenpath.project.paths import LINEAGE, SIGNATURE, SPLIT_REPORT, VALID
from goldenpath.serving import runtime
from goldenpath.serving.batch import files as batch_files
from goldenpath.serving.batch import run as batch_run
from goldenpath.serving.batch import scoring
from goldenpath.serving.batch.files import BatchError
from goldenpath.serving.batch.run import Outcome
from tests.sample import ROOT
from tests.serving.fork_server import ForkServer
from tests.serving.running_service import PATIENCE_SECONDS, TellFault

ROWS, CHUNK = 1_000, 150
CONTRACT = contract.load(ROOT / contract.PATH)
REQUIRED = next(column for column in CONTRACT.features if column.required)


@pytest.fixture
def rows(project: Path) -> pa.Table:
    """Rows that keep the contract, written to ``rows.parquet``."""
    table = pq.read_table(VALID)
    table = pa.concat_tables([table] * -(-ROWS // table.num_rows)).slice(0, ROWS)  # a small product has fewer
    pq.write_table(table, "rows.parquet", row_group_size=400)
    return table


@pytest.fixture
def logged(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PREDICTION_LOG", "log")
    return project / "log"


def batch(source: str = "rows.parquet", result: str = "out.parquet", **options: Any) -> Outcome:
    return batch_run.run(runtime.load(), source, result, Path("batch.prom"), chunk_rows=CHUNK, **options)


def requests(table: pa.Table) -> list[dict[str, Any]]:
    """Rows as a request would hold them."""
    return table.to_pylist()


def expected(table: pa.Table) -> list[tuple[Any, float]]:
    return [(found.decision, found.score) for found in Predictor.load().predict(requests(table))]


def answers(path: str = "out.parquet") -> list[tuple[Any, float]]:
    frame = pd.read_csv(path) if path.endswith(".csv") else pd.read_parquet(path)
    return list(zip(frame["decision"].tolist(), frame["score"].tolist(), strict=True))


def log_of(folder: Path) -> pa.Table:
    return pa.concat_tables(pq.ParquetFile(path).read() for path in sorted(folder.glob("parquet/day=*/*.parquet")))


def logged_ids(folder: Path) -> list[str]:
    return sorted(log_of(folder)["id"].to_pylist())


def test_every_row_is_answered_in_order_as_the_predictor_does(rows: pa.Table) -> None:
    outcome = batch()

    assert (outcome.rows_in, outcome.rows_out, outcome.rows_refused) == (ROWS, ROWS, 0)
    assert answers() == expected(rows)
    assert pq.read_table("out.parquet")["row"].to_pylist() == list(range(ROWS))
    assert sorted(path.name for path in Path().glob("out*")) == ["out.parquet"]


def test_columns_that_the_model_does_not_take_come_along(rows: pa.Table) -> None:
    batch()

    features = {column.name for column in contract.load().features}
    others = [name for name in rows.column_names if name not in features]
    assert pq.read_table("out.parquet").select(others).to_pylist() == rows.select(others).to_pylist()


@pytest.mark.parametrize("separator", [",", ";"])
def test_csv_gives_the_same_answers(rows: pa.Table, separator: str) -> None:
    rows.to_pandas().to_csv("rows.csv", index=False, sep=separator)

    batch("rows.csv", "out.csv")

    assert answers("out.csv") == expected(rows)


def test_columns_of_a_csv_file_that_the_model_does_not_take_come_as_they_were(
    rows: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["NA", "null", " nan ", '"NA"', "", "one", '"two\nlines"', "None"]
    frame = rows.to_pandas()
    frame.loc[[7, 500], REQUIRED.name] = None
    frame.insert(0, "caller_key", [f"@{place % len(words)}@" for place in range(ROWS)])
    text = frame.assign(caller_note="NA").to_csv(index=False)
    for place, word in enumerate(words):  # as they stand in the file, quoted or bare
        text = text.replace(f"@{place}@", word)
    Path("rows.csv").write_text(text)
    monkeypatch.setattr(batch_files, "_BLOCK", 1 << 16)  # several blocks of several rows each

    batch("rows.csv")

    found = {row["row"]: row for path in ("out", "out.refused") for row in pq.read_table(f"{path}.parquet").to_pylist()}
    wanted = [word.strip('"') or None for word in words] * ROWS
    assert [found[place]["caller_key"] for place in range(ROWS)] == wanted[:ROWS]
    assert {row["caller_note"] for row in found.values()} == {"NA"}
    refused = pq.read_schema("out.refused.parquet").names
    assert (refused[1], refused[-2]) == ("caller_key", "caller_note"), "in the file's order"


def test_a_csv_file_with_two_columns_of_one_name_is_refused(rows: pa.Table) -> None:
    frame = rows.to_pandas().assign(caller_key="a")
    frame.insert(0, "caller_key", "b", allow_duplicates=True)
    frame.to_csv("rows.csv", index=False)

    with pytest.raises(BatchError, match=r"rows\.csv: has several columns named caller_key\. Rename them\."):
        batch("rows.csv")


def test_a_compressed_csv_is_read(rows: pa.Table) -> None:
    rows.to_pandas().to_csv("rows.csv.gz", index=False)

    assert batch("rows.csv.gz").rows_out == ROWS


def test_an_object_store_is_read_and_written(rows: pa.Table) -> None:
    store = fsspec.filesystem("memory")
    store.pipe_file("/bucket/rows.parquet", Path("rows.parquet").read_bytes())

    batch("memory://bucket/rows.parquet", "memory://bucket/out.parquet")

    Path("copied.parquet").write_bytes(store.cat_file("/bucket/out.parquet"))
    assert answers("copied.parquet") == expected(rows)
    assert [Path(name).name for name in store.find("/bucket")] == ["out.parquet", "rows.parquet"]
    store.rm("/bucket", recursive=True)


def test_rows_that_break_the_contract_are_refused_with_reasons(
    rows: pa.Table, logged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = rows.to_pandas()
    frame.loc[[7, 500], REQUIRED.name] = None
    frame.to_parquet("rows.parquet")
    monkeypatch.setenv("GOLDENPATH_FACTS", "facts.json")

    outcome = batch()

    refused = pd.read_parquet("out.refused.parquet")
    assert outcome.refusals == "out.refused.parquet"
    assert (outcome.rows_out, outcome.rows_refused) == (ROWS - 2, 2)
    assert refused["row"].tolist() == [7, 500]
    assert refused["reasons"].tolist() == [f"{REQUIRED.name} must be present"] * 2
    assert answers() == expected(rows.filter(pa.array([row not in (7, 500) for row in range(ROWS)])))
    facts = json.loads(Path("facts.json").read_text())
    assert facts["rows_in"] == facts["rows_out"] + facts["rows_refused"] == ROWS
    text = Path("batch.prom").read_text()
    assert f'column="{REQUIRED.name}",rule="required"' in text
    assert 'batch_rows_total{result="refused"} 2.0' in text
    assert len(logged_ids(logged)) == ROWS - 2


def test_refusals_of_an_earlier_batch_do_not_stay(rows: pa.Table) -> None:
    Path("out.refused.parquet").write_bytes(b"of another run")

    batch()

    assert not Path("out.refused.parquet").exists()


def test_every_answer_is_logged_with_what_it_was_asked(rows: pa.Table, logged: Path) -> None:
    batch()

    records = log_of(logged)
    kept = {column.name for column in CONTRACT.columns if column.classification not in contract.PERSONAL}
    inputs = [column.name for column in runtime.load().predictor.signature.inputs if column.name in kept]
    told = records.sort_by("id").to_pylist()[0]
    assert sorted(name for name in records.column_names if name.startswith("inputs.")) == sorted(
        f"inputs.{name}" for name in inputs
    )
    assert told["model"] == runtime.load().model_version
    assert (told["mode"], told["variant"]) == ("batch", "champion")
    assert records.num_rows == ROWS
    assert sorted(records["id"].to_pylist()) == sorted(pq.read_table("out.parquet")["prediction_id"].to_pylist())


# A run that kills itself with SIGKILL, at the moment that the test asks for.
KILLED = """
import os, signal, sys
from pathlib import Path
from goldenpath.serving import runtime
from goldenpath.serving.batch import parts, run
from goldenpath.serving.batch.files import Place

step, times = sys.argv[1], int(sys.argv[2])
owner, name = {
    "before a chunk is logged": (run._LoggedChunks, "write"),
    "before a chunk is kept": (parts.Parts, "add"),
    "between two files of a chunk": (Place, "write"),
    "before the parts are joined": (parts.Parts, "finish"),
    "before the result appears": (Place, "become"),
}[step]
done = getattr(owner, name)

def deadly(*arguments, **options):
    global times
    times -= 1
    if times < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return done(*arguments, **options)

setattr(owner, name, deadly)
run.run(runtime.load(), "rows.parquet", "out.parquet", Path("batch.prom"), chunk_rows=CHUNK)
"""


@pytest.mark.parametrize(
    ("step", "times"),
    [
        ("before a chunk is logged", 2),
        ("before a chunk is kept", 3),
        ("between two files of a chunk", 9),
        ("before the parts are joined", 0),
        ("before the result appears", 0),
    ],
)
def test_kill_9_loses_and_doubles_nothing(
    rows: pa.Table, logged: Path, fork_server: ForkServer, step: str, times: int, tell_fault: TellFault
) -> None:
    code = KILLED.replace("CHUNK", str(CHUNK))
    killed = fork_server.start("", step, times, folder=Path(), output=Path("said"), code=code)
    assert killed.wait(PATIENCE_SECONDS) == -signal.SIGKILL, Path("said").read_text()
    assert not Path("out.parquet").exists()

    begun = time.monotonic()
    outcome = batch()
    seconds = time.monotonic() - begun

    assert outcome.resumed > 0
    assert outcome.rows_in == outcome.rows_out == ROWS
    assert answers() == expected(rows)
    ids = pq.read_table("out.parquet")["prediction_id"].to_pylist()
    assert logged_ids(logged) == sorted(ids)
    assert len(set(ids)) == ROWS
    tell_fault(
        f"kill -9 of a batch, {step}",
        seen=f"no result; the same command goes on from {outcome.resumed} of {ROWS} rows",
        lost="nothing, nothing doubled, in answers and log",
        seconds=seconds,
    )


@pytest.fixture
def unfinished(rows: pa.Table) -> None:
    """A run that was stopped before its end, with every chunk done."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_run.Parts, "finish", lambda *_: (_ for _ in ()).throw(BatchError("stopped")))
        with pytest.raises(BatchError, match="stopped"):
            batch()


@pytest.mark.usefixtures("unfinished")
def test_another_input_is_not_gone_on_with(rows: pa.Table) -> None:
    pq.write_table(rows.slice(300), "rows.parquet")

    outcome = batch()

    assert (outcome.resumed, outcome.rows_in) == (0, ROWS - 300)
    assert answers() == expected(rows.slice(300))


@pytest.mark.usefixtures("unfinished")
def test_another_threshold_of_the_same_graph_is_not_gone_on_with(rows: pa.Table) -> None:
    described = json.loads(SIGNATURE.read_text())
    if described["threshold"] is None:
        pytest.skip("the model has no threshold to turn")
    SIGNATURE.write_text(json.dumps({**described, "threshold": 0.0}))

    outcome = batch()

    assert (outcome.resumed, outcome.rows_in) == (0, ROWS)
    assert answers() == expected(rows)


@pytest.mark.usefixtures("rows")
def test_the_metrics_tell_how_old_the_model_and_its_data_are() -> None:
    batch()

    families = text_string_to_metric_families(Path("batch.prom").read_text())
    told = {sample.name: sample.value for family in families for sample in family.samples}
    metadata = json.loads(LINEAGE.read_text())["predicate"]["runDetails"]["metadata"]
    assert told["model_trained_timestamp_seconds"] == datetime.fromisoformat(metadata["finishedOn"]).timestamp()
    if CONTRACT.time:
        split = json.loads(SPLIT_REPORT.read_text())
        newest = max(pd.to_datetime(split[part]["to"], utc=True) for part in ("train", "validation"))
        assert told["data_newest_timestamp_seconds"] == newest.timestamp()


def test_a_cluster_whose_workers_die_gives_the_same_answers(rows: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    local = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=logging.CRITICAL
    )
    send, sent, killed = scoring._Cluster.send, Counter[str](), []

    def deadly(self: scoring._Cluster, chunk: pa.RecordBatch) -> Any:
        future = send(self, chunk)
        sent["chunks"] += 1
        workers = [worker.pid for worker in local.workers.values() if worker.pid]
        # First one of them, then all: with the last, the model that they were given is gone too.
        for pid in {2: workers[:1], 5: workers}.get(sent["chunks"], []):
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        return future

    monkeypatch.setattr(scoring._Cluster, "send", deadly)

    with local:
        assert local.scheduler_address.startswith("tcp://127.0.0.1:")
        batch(cluster=local.scheduler_address)

    assert len(killed) >= 2
    assert sent["chunks"] > -(-ROWS // CHUNK), "chunks were sent again"
    assert answers() == expected(rows)


PEAK = """
import os, sys
from functools import partialmethod
from pathlib import Path
from pyarrow.parquet import ParquetFile
from goldenpath.serving import runtime
from goldenpath.serving.batch import run

# A file's rows come 65,536 at a time unless told: as much memory as all that are asked for here.
ParquetFile.iter_batches = partialmethod(ParquetFile.iter_batches, batch_size=500)
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])  # as many chunks at once wherever this runs
run.run(runtime.load(), sys.argv[1], "out.parquet", Path("batch.prom"), chunk_rows=500)
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
WIDE = 5_000
"""Bytes that a row has besides, so that rows that are kept weigh far more than what a run needs anyhow."""


# ru_maxrss would tell of the process that started this one, where that is larger.
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux, which tells a process's peak memory")
def test_ten_times_the_rows_take_no_more_memory(rows: pa.Table, fork_server: ForkServer) -> None:
    wide = rows.append_column("remark", pa.array([f"{row:>{WIDE}}" for row in range(ROWS)]))
    peaks = []
    for times in (2, 20):
        pq.write_table(pa.concat_tables([wide] * times), "many.parquet", row_group_size=500)
        said = Path(f"said-{times}")
        done = fork_server.start("", "many.parquet", folder=Path(), output=said, code=PEAK)
        assert done.wait(4 * PATIENCE_SECONDS) == 0, said.read_text()
        peaks.append(int(said.read_text().split()[-1]) // 1024)

    assert peaks[1] < peaks[0] + 30, f"{peaks} MiB"  # rows or answers that were kept: 60 and more


@pytest.mark.parametrize(
    ("source", "result", "message"),
    [
        ("nowhere.parquet", "out.parquet", "no such file"),
        ("empty.csv", "out.parquet", "is empty"),
        ("header.csv", "out.parquet", f"columns .*{REQUIRED.name}.* are missing"),
        ("torn.parquet", "out.parquet", "cannot be read"),
        ("rows.parquet", "out.xlsx", "ends in .parquet or .csv"),
        ("rows.parquet", "rows.parquet", "is the input too"),
        ("nostore://bucket/rows.parquet", "out.parquet", "nothing here speaks with such a store"),
        ("", "out.parquet", "Name the rows"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_written(
    rows: pa.Table, source: str, result: str, message: str
) -> None:
    Path("empty.csv").write_text("")
    Path("header.csv").write_text("colour\nred\n")
    Path("torn.parquet").write_bytes(Path("rows.parquet").read_bytes()[:5000])
    before = sorted(path.name for path in Path().iterdir())

    with pytest.raises(BatchError, match=message):
        batch(source, result)

    assert sorted(path.name for path in Path().iterdir()) == before


# A limit to the size of every file, as if the disk ended there.
FULL_DISK = """
import resource

resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
"""


@pytest.mark.parametrize("log", ["off", "log"])
def test_a_full_disk_stops_a_batch_that_can_be_resumed(rows: pa.Table, fork_server: ForkServer, log: str) -> None:
    command = ("batch", "rows.parquet", "out.parquet", "--log", log)
    stopped = fork_server.start(*command, folder=Path(), output=Path("said"), code=FULL_DISK)

    assert stopped.wait(PATIENCE_SECONDS) == 1
    said = Path("said").read_text()
    assert "run the same command again" in said
    assert "Traceback" not in said
    batch()
    assert answers() == expected(rows)


def test_the_command_tells_what_was_done(rows: pa.Table) -> None:
    path = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-m", "goldenpath", "batch", "rows.parquet", "out.csv", "--log", "off"]
    command += ["--metrics", "b.prom"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path})

    assert done.stdout == f"out.csv: {ROWS} answers to {ROWS} rows.\n"
    assert "not logged" in done.stderr
