"""What is measured of every answer, whichever way it was asked for, under the same names."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from goldenpath.model.signature import Signature
from goldenpath.serving.prediction_log import Mode

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series beside each that no rule reads

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""Media type of :meth:`Metrics.render`."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
SHARES = tuple(round(0.05 * step, 2) for step in range(1, 21))
AMOUNTS = (0.0, *(sign * step * 10.0**power for sign in (-1, 1) for power in range(-1, 7) for step in (1, 3)))
REFUSALS = ("overload", "too_large", "unauthorized", "invalid", "timeout")
CACHE_RESULTS = ("hit", "miss", "error")
SHADOW_RESULTS = ("answered", "failed", "dropped", "unlogged")
EVENT_RESULTS = ("ok", "retried", "dead_letter")
BATCH_RESULTS = ("in", "out", "refused")


class Log(Protocol):
    """What is measured of a prediction log."""

    written: int
    lost: int
    errors: int

    @property
    def unwritten(self) -> int:
        """Records that wait for the disk."""
        ...


class Metrics:
    """The metrics of one process.

    A mode shows only what it can tell: a REST service that told 0 as the time of its last batch would raise an alarm.

    Attributes:
        registry: What is shown at ``/metrics``.
        requests: Answers over HTTP, by path, status, variant and model version.
        request_seconds: How long they took, by path, variant and model version.
        requests_in_progress: Requests that are being answered.
        refused: Requests that were refused, by reason.
        violations: Values that broke the contract, by column and rule.
        missing: Values that were missing, by column and model version.
        cache_requests: Look-ups in the cache, by result.
        shadow_rows: Rows that a shadow was to answer, by result.
        event_lag: Age of the oldest event that has no answer, seconds.
        events: Events that were dealt with, by result.
        batch_rows: Rows of batches, by result.
        batch_last_success: When a batch was last complete, seconds since 1970.
    """

    def __init__(self, mode: Mode, score_buckets: Sequence[float] = SHARES) -> None:
        """Set every metric of a mode up, those with few known labels at 0.

        Args:
            mode: What is measured.
            score_buckets: See :func:`score_buckets`.
        """
        self.registry = CollectorRegistry()
        self._mode = mode
        of_rest, of_events, of_batch = (self.registry if mode == name else None for name in ("rest", "events", "batch"))
        version = ("variant", "model_version")
        self.requests = Counter(
            "http_requests", "HTTP responses, by status and path.", ("path", "status", *version), registry=of_rest
        )
        self.request_seconds = Histogram(
            "http_request_duration_seconds",
            "Time from request to response, seconds.",
            ("path", *version),
            registry=of_rest,
            buckets=SECONDS,
        )
        self.requests_in_progress = Gauge("http_requests_in_progress", "Requests in progress.", registry=of_rest)
        self.refused = Counter("http_requests_refused", "Requests refused, by reason.", ("reason",), registry=of_rest)
        self.violations = Counter(
            "contract_violations",
            "Values that broke the contract, by column and rule.",
            ("column", "rule"),
            registry=self.registry,
        )
        self.missing = Counter(
            "input_missing", "Missing input values, by column.", ("column", "model_version"), registry=self.registry
        )
        self.cache_requests = Counter("cache_requests", "Cache look-ups, by result.", ("result",), registry=of_rest)
        self.shadow_rows = Counter(
            "shadow_rows", "Rows sent to the shadow model, by result.", ("result",), registry=of_rest
        )
        self.event_lag = Gauge(
            "event_lag_seconds", "Age of the oldest event without a prediction, seconds.", registry=of_events
        )
        self.events = Counter("events", "Events processed, by result.", ("result",), registry=of_events)
        self.batch_rows = Counter("batch_rows", "Batch rows, by result.", ("result",), registry=of_batch)
        self.batch_last_success = Gauge(
            "batch_last_success_timestamp_seconds",
            "Time of the last complete batch, seconds since 1970.",
            registry=of_batch,
        )
        self._predictions = Counter(
            "predictions", "Predictions, by decision.", ("mode", *version, "decision"), registry=self.registry
        )
        self._scores = _Scores(("mode", *version), score_buckets)
        self.registry.register(self._scores)
        self._model = Gauge("model_info", "The model in use.", ("model_version", "name"), registry=self.registry)
        self._trained = Gauge(
            "model_trained_timestamp_seconds",
            "Training time of the model, seconds since 1970.",
            ("model_version",),
            registry=self.registry,
        )
        self._newest = Gauge(
            "data_newest_timestamp_seconds", "Time of the newest training row, seconds since 1970.", ("model_version",),
            registry=self.registry,
        )  # fmt: skip
        known: tuple[tuple[Counter, Sequence[str]], ...] = (
            (self.refused, REFUSALS),
            (self.cache_requests, CACHE_RESULTS),
            (self.shadow_rows, SHADOW_RESULTS),
            (self.events, EVENT_RESULTS),
            (self.batch_rows, BATCH_RESULTS),
        )
        for counter, values in known:
            for value in values:
                counter.labels(value)
        self._cache_results = {result: self.cache_requests.labels(result) for result in CACHE_RESULTS}
        self._counters: dict[tuple[str, str, Any], Counter] = {}

    def predicted(self, variant: str, model_version: str, decision: Any, score: float) -> None:
        """Count a prediction.

        Args:
            variant: The variant that answered.
            model_version: SHA-256 of the model file.
            decision: The decided class; None where a number is predicted.
            score: Its score.
        """
        self._decided(variant, model_version, decision, 1)
        self._scores.observe((self._mode, variant, model_version), score)

    def predicted_many(
        self, variant: str, model_version: str, decisions: Mapping[Any, int], scores: NDArray[np.floating[Any]]
    ) -> None:
        """Count many predictions at once; see :meth:`predicted`.

        Args:
            variant: The variant that answered.
            model_version: SHA-256 of the model file.
            decisions: How many there are of each decision; of None where numbers are predicted.
            scores: Their scores, shape (rows,).
        """
        for decision, rows in decisions.items():
            self._decided(variant, model_version, decision, rows)
        self._scores.observe_many((self._mode, variant, model_version), scores)

    def count_cache(self, result: str) -> None:
        """Count a look-up in the cache."""
        self._cache_results[result].inc()

    def _decided(self, variant: str, model_version: str, decision: Any, rows: int) -> None:
        if (found := self._counters.get((variant, model_version, decision))) is None:
            word = "" if decision is None else str(decision).lower() if isinstance(decision, bool) else str(decision)
            found = self._predictions.labels(self._mode, variant, model_version, word)
            self._counters[variant, model_version, decision] = found
        found.inc(rows)

    def describe_model(
        self, name: str, model_version: str, trained: datetime | None = None, newest_row: datetime | None = None
    ) -> None:
        """Tell which model answers, and how old it and its data are, where that is known."""
        self._model.labels(model_version, name).set(1)
        if trained:
            self._trained.labels(model_version).set(trained.timestamp())
        if newest_row:
            self._newest.labels(model_version).set(newest_row.timestamp())

    def forget_model(self, name: str, model_version: str) -> None:
        """Tell no more of a model that does not answer any longer."""
        with suppress(KeyError):
            self._model.remove(model_version, name)
        for gauge in (self._trained, self._newest):
            with suppress(KeyError):
                gauge.remove(model_version)

    def watch_log(self, log: Log) -> None:
        """Show how the prediction log is doing."""
        self.registry.register(_OfLog(log))

    def render(self) -> bytes:
        """Every metric as OpenMetrics text; see :data:`CONTENT_TYPE`."""
        text: bytes = generate_latest(self.registry)  # type: ignore[no-untyped-call]
        return text

    def write(self, path: Path) -> None:
        """Write every metric to a file, whole or not at all: what a node exporter's textfile collector reads.

        Counts go on from those of the file, as one process would count them: what is counted anew by each run would
        look like no change at all where each run has as many rows. Those of other models are forgotten.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.write_bytes(generate_latest(_GoneOn(self.registry, path)))  # type: ignore[no-untyped-call]
        beside.replace(path)


def score_buckets(described: Signature) -> Sequence[float]:
    """Bounds of the histogram of scores: twentieths for probabilities, powers of ten and threes for amounts."""
    return sorted(AMOUNTS) if described.task == "regression" else SHARES


class _GoneOn:
    """A registry whose counts go on from those that a file tells."""

    def __init__(self, registry: CollectorRegistry, path: Path) -> None:
        self._registry = registry
        try:
            text = path.read_text(encoding="utf-8")
            families = list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
        except (OSError, ValueError):  # none was written yet, or by something else
            families = []
        self._before = {family.name: family.samples for family in families if family.type in ("counter", "histogram")}

    def collect(self) -> Iterator[Metric]:
        families = list(self._registry.collect())
        models = {sample.labels[_MODEL] for family in families for sample in family.samples if _MODEL in sample.labels}
        for family in families:
            before = {_series(sample): sample for sample in self._before.get(family.name, ())}
            now = [
                sample._replace(value=sample.value + before.pop(_series(sample)).value)
                if _series(sample) in before
                else sample
                for sample in family.samples
            ]
            kept = (sample for sample in before.values() if sample.labels.get(_MODEL) in {None, *models})
            family.samples = [*now, *kept]
            yield family


_MODEL = "model_version"


def _series(sample: Sample) -> tuple[str, frozenset[tuple[str, str]]]:
    return sample.name, frozenset(sample.labels.items())


class _Scores:
    """A histogram that takes whole columns at once."""

    def __init__(self, labels: Sequence[str], bounds: Sequence[float]) -> None:
        self._labels, self._bounds = labels, sorted(bounds)
        self._lock = Lock()
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}

    def observe(self, labels: tuple[str, ...], value: float) -> None:
        position = bisect_left(self._bounds, value)
        with self._lock:
            self._of(labels)[position] += 1
            self._sums[labels] += value

    def observe_many(self, labels: tuple[str, ...], values: NDArray[np.floating[Any]]) -> None:
        positions = np.searchsorted(self._bounds, values.astype(np.float64), side="left")
        found = np.bincount(positions, minlength=len(self._bounds) + 1)
        with self._lock:
            counts = self._of(labels)
            counts[:] = [before + more for before, more in zip(counts, found.tolist(), strict=True)]
            self._sums[labels] += float(values.sum(dtype=np.float64))

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily("prediction_score", "Prediction scores.", labels=list(self._labels))
        names = [*map(str, self._bounds), "+Inf"]
        with self._lock:
            for labels, counts in self._counts.items():
                buckets = list(zip(names, accumulate(counts), strict=True))
                family.add_metric(labels, buckets=buckets, sum_value=self._sums[labels])
        yield family

    def _of(self, labels: tuple[str, ...]) -> list[int]:
        if labels not in self._counts:
            self._counts[labels], self._sums[labels] = [0] * (len(self._bounds) + 1), 0.0
        return self._counts[labels]


class _OfLog:
    def __init__(self, log: Log) -> None:
        self._log = log

    def collect(self) -> Iterator[Metric]:
        records = CounterMetricFamily(
            "prediction_log_records", "Records of the prediction log, by result.", labels=["result"]
        )
        records.add_metric(["written"], self._log.written)
        records.add_metric(["lost"], self._log.lost)
        yield records
        yield GaugeMetricFamily(
            "prediction_log_unwritten_records",
            "Records waiting to be written to the prediction log.",
            value=self._log.unwritten,
        )
        yield CounterMetricFamily(
            "prediction_log_errors", "Failed writes of the prediction log.", value=self._log.errors
        )
