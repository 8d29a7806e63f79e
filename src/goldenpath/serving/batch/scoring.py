"""Rows of a batch, answered: on the threads of this machine, or on a Dask cluster."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from goldenpath.model.predictor import Predictor
from goldenpath.model.signature import Signature
from goldenpath.project.contract import Column, Contract
from goldenpath.project.errors import ProjectError
from goldenpath.serving.batch.arrow_rows import Mask, check
from goldenpath.serving.batch.files import BatchError
from goldenpath.serving.runtime import Runtime

MOST_TRIES = 4
"""Of a chunk on a cluster, whose workers may die."""
CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Scored:
    """The answers to a chunk of rows.

    Attributes:
        kept: Which rows keep the contract, shape (rows,).
        decisions: For each of those, the position of its class, or the predicted number.
        scores: See :class:`~..model.predictor.Prediction`.
        inputs: Their features, typed as the contract says.
        reasons: For each of the other rows, what it broke.
        violations: How often each rule of each column was broken.
        missing: How many values of each feature are missing.
        seconds: How long it took.
    """

    kept: Mask
    decisions: NDArray[Any]
    scores: NDArray[np.float64]
    inputs: dict[str, pa.Array]
    reasons: list[str]
    violations: Counter[tuple[str, str]]
    missing: Counter[str]
    seconds: float


class Scorer:
    """A model beside its contract; it can be sent to another machine."""

    def __init__(self, agreed: Contract, model: bytes, predictor: Predictor) -> None:
        self._agreed, self._model, self._predictor = agreed, model, predictor

    def __reduce__(self) -> tuple[Callable[..., Scorer], tuple[Contract, bytes, Signature]]:
        """Send the file and load it there: a session of ONNX Runtime cannot be sent."""
        return _received, (self._agreed, self._model, self._predictor.signature)

    def score(self, batch: pa.RecordBatch) -> Scored:
        """Check and answer a chunk of rows, whose columns have the names of the contract or of the source."""
        started = time.perf_counter()
        given = {column.name: _named(batch, column) for column in self._agreed.features}
        present = {name: values for name, values in given.items() if values is not None}
        checked = check(self._agreed, present, batch.num_rows)
        raw = self._predictor.scores_of(checked.inputs)
        return Scored(
            kept=checked.kept,
            decisions=self._predictor.decisions(raw),
            scores=(raw.max(axis=1) if raw.ndim == 2 else raw).astype(np.float64),
            inputs=checked.columns,
            reasons=checked.reasons,
            violations=checked.violations,
            missing=checked.missing,
            seconds=time.perf_counter() - started,
        )


def _received(agreed: Contract, model: bytes, described: Signature) -> Scorer:
    return Scorer(agreed, model, Predictor(model, described))


def _named(batch: pa.RecordBatch, column: Column) -> pa.Array | None:
    names = batch.schema.names
    name = next((name for name in (column.name, column.physical_name) if name in names), None)
    return None if name is None else batch.column(names.index(name))


class Waiting(Protocol):
    """Answers that may not be there yet."""

    def result(self) -> Scored:
        """The answers, once they are there."""
        ...


class Pool(Protocol):
    """What answers chunks, several at once.

    Attributes:
        width: How many chunks it works on at once.
    """

    width: int

    def submit(self, batch: pa.RecordBatch) -> Waiting:
        """Begin to answer a chunk."""
        ...


class _Threads:
    def __init__(self, scorer: Scorer, executor: ThreadPoolExecutor, width: int) -> None:
        self._scorer, self._executor, self.width = scorer, executor, width

    def submit(self, batch: pa.RecordBatch) -> Future[Scored]:
        return self._executor.submit(self._scorer.score, batch)


@contextmanager
def threads(runtime: Runtime) -> Iterator[Pool]:
    """A pool of one thread for each core that this process may use; Arrow and ONNX Runtime let go of Python's lock."""
    width = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ThreadPoolExecutor(width, thread_name_prefix="batch") as executor:
        yield _Threads(Scorer(runtime.agreed, runtime.model, runtime.predictor), executor, width)


class _OnCluster:
    """A chunk on a cluster, which is sent again when it is lost there."""

    def __init__(self, on: _Cluster, batch: pa.RecordBatch) -> None:
        self._on, self._batch = on, batch
        self._future = on.send(batch)

    def result(self) -> Scored:
        failure: Exception | None = None
        for _ in range(MOST_TRIES):
            try:
                if failure:
                    self._on.spread()  # whoever had the model may be gone too
                    self._future = self._on.send(self._batch)
                scored: Scored = self._future.result()
                return scored
            except ProjectError:
                raise
            except Exception as error:  # Dask raises what went wrong on its side, under any class
                failure = error
        raise BatchError(f"The cluster gave a chunk up {MOST_TRIES} times: {failure!r}") from failure


class _Cluster:
    def __init__(self, scorer: Scorer, client: Any) -> None:
        self._client, self._scorer = client, scorer
        self.spread()
        self.width = max(1, sum(client.nthreads().values()))

    def spread(self) -> None:
        """Give the model to every worker."""
        self._there = self._client.scatter(self._scorer, broadcast=True, hash=False)

    def send(self, batch: pa.RecordBatch) -> Any:
        """Begin to answer a chunk, and give Dask's future of it."""
        return self._client.submit(Scorer.score, self._there, batch, pure=False)

    def submit(self, batch: pa.RecordBatch) -> _OnCluster:
        return _OnCluster(self, batch)


@contextmanager
def cluster(runtime: Runtime, address: str) -> Iterator[Pool]:
    """A pool on a Dask cluster whose workers have this project installed.

    Args:
        runtime: What answers.
        address: Of its scheduler, such as ``tcp://scheduler:8786``.

    Raises:
        BatchError: Dask is not installed, or nobody answers at the address.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise BatchError(
            f"--cluster needs Dask: {error}. Install the extra `cluster` of pyproject.toml into .venv, here and on the "
            "workers: uv pip install --python .venv/bin/python '.[cluster]'"
        ) from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise BatchError(f"{address}: no Dask scheduler answers there: {error}") from error
    with client:
        yield _Cluster(Scorer(runtime.agreed, runtime.model, runtime.predictor), client)
