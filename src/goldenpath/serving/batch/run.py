"""One batch from its rows to its answers, in chunks: read, check, predict, log, keep, and join at the end."""

from __future__ import annotations

import os
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from goldenpath.project.contract import Contract
from goldenpath.repository import facts
from goldenpath.serving.batch import scoring
from goldenpath.serving.batch.files import BatchError, Place, Source, ending_of, in_chunks, opened, place
from goldenpath.serving.batch.parts import CHUNK_ROWS, Parts, Receipt, Run, refusals_of, total
from goldenpath.serving.batch.scoring import Pool, Scored, Waiting
from goldenpath.serving.metrics import Metrics, score_buckets
from goldenpath.serving.prediction_log import Privacy, sync_folder
from goldenpath.serving.runtime import Runtime

AHEAD = 1
"""Chunks that wait beside those that are worked on, so that no core waits for the file."""
ADDED = ("row", "prediction_id", "decision", "score")
"""Columns that an answer adds; an input must not have them."""
REASONS = "reasons"


@dataclass(frozen=True)
class Outcome:
    """What a batch did.

    Attributes:
        rows_in: Rows that were read.
        rows_out: Rows that were answered.
        rows_refused: Rows that broke the contract.
        refusals: Where those are, with their reasons; empty where there are none.
        resumed: Rows of an earlier run that were not done again.
    """

    rows_in: int
    rows_out: int
    rows_refused: int
    refusals: str
    resumed: int


def run(
    runtime: Runtime, source: str, result: str, metrics_file: Path, cluster: str = "", chunk_rows: int = CHUNK_ROWS
) -> Outcome:
    """Answer every row of a table.

    Args:
        runtime: What answers.
        source: Path or URL of the rows, Parquet or CSV.
        result: Path or URL of the answers, ``….parquet`` or ``….csv``.
        metrics_file: Where the batch's metrics go, for a node exporter.
        cluster: Address of a Dask scheduler; empty for the threads of this machine.
        chunk_rows: How many rows are read, answered and acknowledged at once.

    Raises:
        BatchError: The rows cannot be read, or the answers not be written.
    """
    read, written = place(source), place(result)
    ending_of(written)
    if (read.system, read.path) == (written.system, written.path):
        raise BatchError(f"{result}: is the input too. Name another file: OUT=….")
    metrics = Metrics("batch", score_buckets(runtime.predictor.signature))
    metrics.describe_model(runtime.agreed.name, runtime.model_version, runtime.age.trained, runtime.age.newest_row)
    parts = Parts(written)
    with opened(read, _names_of(runtime.agreed)) as table:
        _refuse_columns(read, runtime.agreed, table)
        this, receipts = _begun(parts, read, runtime, chunk_rows)
        resumed = total(receipts)["rows_in"]
        batch = _Batch(this, runtime, table, parts, metrics)
        pool = scoring.cluster(runtime, cluster) if cluster else scoring.threads(runtime)
        with pool as ready, _progress(resumed, table.rows) as bar:
            for receipt in batch.settle(ready, len(receipts), resumed):
                receipts.append(receipt)
                bar(receipt.rows_in)
    sums = total(receipts)
    if not sums["rows_in"]:
        raise BatchError(f"{source}: has columns but no rows. Give a file with data.")
    parts.finish(receipts)
    for name in ("in", "out", "refused"):
        metrics.batch_rows.labels(name).inc(sums[f"rows_{name}"])
    metrics.batch_last_success.set_to_current_time()
    metrics.write(metrics_file)
    facts.tell({**sums, "model": runtime.model_version, "environment": facts.environment()})
    return Outcome(**sums, refusals=refusals_of(written).url if sums["rows_refused"] else "", resumed=resumed)


def _names_of(agreed: Contract) -> set[str]:
    return {name for column in agreed.features for name in (column.name, column.physical_name)}


def _refuse_columns(read: Place, agreed: Contract, table: Source) -> None:
    lacking = [
        column.name
        for column in agreed.features
        if column.required and not {column.name, column.physical_name} & set(table.names)
    ]
    if lacking:
        found = ", ".join(table.names)
        raise BatchError(f"{read.url}: columns {', '.join(lacking)} are missing; it has {found[:500]}.")
    taken = [name for name in (*ADDED, REASONS) if name in table.names]
    if taken:
        raise BatchError(f"{read.url}: has columns {', '.join(taken)}, which the answers add. Rename them.")


def _begun(parts: Parts, read: Place, runtime: Runtime, chunk_rows: int) -> tuple[Run, list[Receipt]]:
    """The run to go on with and what it has done, or a new one."""
    wanted = Run(
        id=uuid.uuid4().hex[:12],
        started=datetime.now(UTC).isoformat(),
        source=f"{read.url} {read.system.ukey(read.path)}",
        model=runtime.model_version,
        signature=runtime.predictor.signature.sha256,
        variant=runtime.variant,
        chunk_rows=chunk_rows,
    )
    earlier = parts.earlier()
    if earlier is not None and earlier.is_same_work(wanted):
        return earlier, parts.done()
    parts.begin(wanted)
    return wanted, []


class _Batch:
    """What is done with each chunk, once it is answered."""

    def __init__(self, this: Run, runtime: Runtime, table: Source, parts: Parts, metrics: Metrics) -> None:
        self._run, self._runtime, self._table, self._parts, self._metrics = this, runtime, table, parts, metrics
        features = _names_of(runtime.agreed)
        self._kept_names = [name for name in table.names if name not in features]
        self._log = None if runtime.log is None else _LoggedChunks(this, runtime, runtime.log)

    def settle(self, pool: Pool, done: int, skip: int) -> Iterator[Receipt]:
        """Answer what is not done yet, in order, and give a receipt for each chunk that now is."""
        if self._log:
            self._log.forget(done)
        waiting: deque[tuple[int, pa.RecordBatch, Waiting]] = deque()
        chunks = in_chunks(self._table.batches(skip), self._run.chunk_rows)
        for chunk, batch in enumerate(chunks, start=done):
            waiting.append((chunk, batch, pool.submit(batch)))
            if len(waiting) >= pool.width + AHEAD:
                yield self._settled(*waiting.popleft())
        while waiting:
            yield self._settled(*waiting.popleft())

    def _settled(self, chunk: int, batch: pa.RecordBatch, answers: Waiting) -> Receipt:
        scored = answers.result()
        rows = pa.array(np.arange(batch.num_rows, dtype=np.int64) + chunk * self._run.chunk_rows)
        kept = pa.array(scored.kept)
        table = pa.table(batch)
        numbers = rows.filter(kept)
        made = {"row": numbers, "prediction_id": _ids(self._run.id, numbers)} | _answered(self._runtime, scored)
        if self._log:
            self._log.write(chunk, made, scored, _entity(self._runtime.agreed, table, kept))
        passed = table.select(self._kept_names).filter(kept)
        result = pa.table({**{name: passed[name] for name in passed.column_names}, **made})
        refused = table.filter(pc.invert(kept))
        refused = refused.add_column(0, "row", rows.filter(pc.invert(kept)))
        refused = refused.append_column(REASONS, pa.array(scored.reasons, pa.string()))
        receipt = Receipt(batch.num_rows, result.num_rows, refused.num_rows)
        self._parts.add(chunk, result, refused, receipt)
        self._count(scored)
        return receipt

    def _count(self, scored: Scored) -> None:
        version = self._runtime.model_version
        for (column, rule), times in scored.violations.items():
            self._metrics.violations.labels(column, rule).inc(times)
        for name, times in scored.missing.items():
            self._metrics.missing.labels(name, version).inc(times)
        classes = self._runtime.predictor.signature.classes
        found: Counter[Any] = Counter(scored.decisions.tolist()) if classes else Counter({None: len(scored.scores)})
        decisions = {classes[item] if classes else None: times for item, times in found.items()}
        self._metrics.predicted_many(self._runtime.variant, version, decisions, scored.scores)


def _ids(of_run: str, rows: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(of_run, rows.cast(pa.string()), "-")


def _answered(runtime: Runtime, scored: Scored) -> dict[str, pa.Array]:
    classes = runtime.predictor.signature.classes
    decisions = pa.array(classes).take(pa.array(scored.decisions)) if classes else pa.array(scored.scores)
    return {"decision": decisions, "score": pa.array(scored.scores)}


def _entity(agreed: Contract, table: pa.Table, kept: pa.Array) -> pa.Array | None:
    names = (agreed.entity.name, agreed.entity.physical_name) if agreed.entity else ()
    name = next((name for name in names if name in table.column_names), None)
    return None if name is None else table[name].combine_chunks().filter(kept)


class _LoggedChunks:
    """The chunks in the prediction log: Parquet files, as its segments become in time, one for each chunk.

    A chunk's file has the same name whenever it is written, so one that was written but not acknowledged is replaced.
    """

    def __init__(self, this: Run, runtime: Runtime, folder: Path) -> None:
        self._run, self._runtime = this, runtime
        self._privacy = Privacy(runtime.agreed, runtime.key)
        self._folder = folder / "parquet"

    def forget(self, first: int) -> None:
        """Remove what was written of chunks that were never acknowledged, from the first of them on."""
        for path in self._folder.glob(f"day=*/batch-{self._run.id}-*.parquet"):
            if int(path.stem.rpartition("-")[2]) >= first:
                path.unlink()

    def write(self, chunk: int, made: Mapping[str, pa.Array], scored: Scored, entity: pa.Array | None) -> None:
        """Write a chunk's records; on return the disk has confirmed them."""
        now = datetime.now(UTC)
        rows = len(scored.scores)
        each = scored.seconds * 1000 / max(1, rows)
        by = {"variant": self._runtime.variant, "model": self._runtime.model_version}
        same = {"request": self._run.id, "mode": "batch"} | by
        columns: dict[str, Any] = {"id": made["prediction_id"], "time": _repeated(pa.scalar(now, _MOMENT), rows)}
        columns |= {name: _repeated(pa.scalar(value, pa.string()), rows) for name, value in same.items()}
        columns |= {name: made[name] for name in ("decision", "score")}
        columns |= {"latency_ms": _repeated(pa.scalar(each), rows), "entity": self._entity(entity, rows)}
        for name, values in scored.inputs.items():
            keeping = self._privacy.of(name)
            if keeping != "left out":
                columns[f"inputs.{name}"] = self._hashed(values) if keeping == "hashed" else _as_json(values)
        self._put(self._folder / f"day={now:%Y-%m-%d}" / f"batch-{self._run.id}-{chunk:06d}.parquet", pa.table(columns))

    def _entity(self, entity: pa.Array | None, rows: int) -> pa.Array:
        if entity is None or self._privacy.of_entity == "left out":
            return pa.nulls(rows, pa.string())
        return self._hashed(entity) if self._privacy.of_entity == "hashed" else entity

    def _hashed(self, values: pa.Array) -> pa.Array:
        encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        hashes = pa.array([self._privacy.hashed(value) for value in encoded.dictionary.to_pylist()], pa.string())
        return hashes.take(encoded.indices)

    def _put(self, path: Path, table: pa.Table) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".tmp-{path.name}")
        try:
            with unfinished.open("wb") as file:
                pq.write_table(table, file)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
            sync_folder(path.parent)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise BatchError(
                f"{path}: answers cannot be logged: {error.strerror}. Free space and run the same command again; it "
                "goes on where it stopped."
            ) from error


_MOMENT = pa.timestamp("us", "UTC")


def _repeated(value: pa.Scalar, rows: int) -> pa.Array:
    return pa.repeat(value, rows)


def _as_json(values: pa.Array) -> pa.Array:
    """Moments as text, as JSON has them; everything else as it is."""
    if pa.types.is_date(values.type):
        return values.cast(pa.string())
    if pa.types.is_timestamp(values.type):
        return pc.strftime(values, "%Y-%m-%dT%H:%M:%SZ")
    return values


@contextmanager
def _progress(done: int, rows: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error."""
    columns = (TextColumn("rows"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("rows", total=rows, completed=done)
        yield lambda rows: bar.advance(task, rows)
