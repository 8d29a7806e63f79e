"""Answer events: ``python -m <package>.serving.events``, or ``goldenpath consume``.

At least once, and no answer twice. An event is acknowledged together with its answer, after the prediction log has it
on the disk; whatever happens before leaves it with its consumer, from whom another takes it over.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import redis
from prometheus_client import start_http_server
from pydantic import BaseModel, ValidationError

from goldenpath.model.predictor import Prediction
from goldenpath.project import manifest
from goldenpath.project.errors import ProjectError
from goldenpath.serving import runtime
from goldenpath.serving.events.cloud_events import Event, EventError, answer, parse
from goldenpath.serving.events.event_streams import Entry, Streams, StreamsError, read_settings
from goldenpath.serving.metrics import Metrics, score_buckets
from goldenpath.serving.prediction_log import LogEndedError, LogError, PredictionLog, Record
from goldenpath.serving.rest.request import refusals, row_model
from goldenpath.serving.runtime import Runtime

WAIT_SECONDS = 1.0
"""How long to wait for an event: no longer does it take until a stop is heard."""
MOST_PAUSE_SECONDS = 5.0
"""Longest pause between two tries, when Redis or the disk is away."""
HEARD_SECONDS = 0.1
"""How soon a stop is heard in a pause."""
LAG_SECONDS = 1.0
"""How often the lag is looked at."""
METRICS_HOST, METRICS_PORT = "127.0.0.1", 8001
FORGOTTEN = ("NOGROUP", "UNBLOCKED", "no such key")
"""Refusals of a Redis that came back without what it held."""
PASSING = ("LOADING", "MISCONF", "OOM", "READONLY", "MASTERDOWN", "NOREPLICAS", "TRYAGAIN", "BUSY ", *FORGOTTEN)
"""Refusals of Redis that pass: it loads, has no memory or disk left, or is not the master for the moment."""


@dataclass(frozen=True)
class _Asked:
    entry: Entry
    event: Event
    row: Mapping[str, Any]
    entity: Any


class Consumer:
    """One consumer of the group."""

    def __init__(
        self, loaded: Runtime, streams: Streams, metrics: Metrics, log: PredictionLog | None, retries: int
    ) -> None:
        self._runtime, self._streams, self._metrics, self._log = loaded, streams, metrics, log
        self._retries = retries
        self._row: type[BaseModel] = row_model(loaded.agreed, with_entity=True)
        entity = loaded.agreed.entity
        self._entity = entity.name if entity else ""
        self._is_input = entity in loaded.agreed.features
        self._names = [column.name for column in loaded.predictor.signature.inputs]
        self._is_stopped = False
        self._lag = _Lag()
        metrics.event_lag.set_function(self._lag.seconds)

    def stop(self) -> None:
        """Answer what was taken, take no more, and end. For handlers of signals, which may interrupt each other."""
        self._is_stopped = True  # no lock: the second of two signals would wait for the first for ever

    def run(self) -> None:
        """Answer events until told to stop. Redis may come and go meanwhile."""
        self._with_retry(self._streams.join)
        while not self._is_stopped:
            self._with_retry(self._step)
        try:
            self._streams.leave()
        except redis.RedisError as error:
            _say(f"The group still lists {self._streams.consumer}: {error}")

    def _step(self) -> None:
        if self._lag.is_due():
            self._lag.tell(self._streams.oldest_unanswered())
            while not self._is_stopped and (entries := self._streams.left()):
                self._again(entries)
        entries = self._streams.new(WAIT_SECONDS)
        if entries:
            self._handle(entries)

    def _again(self, entries: Sequence[Entry]) -> None:
        alive = [entry for entry in entries if entry.deliveries <= self._retries + 1]
        for entry in entries:
            if entry not in alive:
                self._dead_letter(entry, f"tried {entry.deliveries - 1} times, and never came to an answer")
        self._metrics.events.labels("retried").inc(len(alive))
        self._handle(alive)

    def _handle(self, entries: Sequence[Entry]) -> None:
        asked = [read for entry in entries if (read := self._read(entry))]
        started = time.perf_counter()
        found = self._predicted(asked)
        each = (time.perf_counter() - started) * 1000 / max(1, len(found))
        now = datetime.now(UTC)
        self._write_down([self._record(item, prediction, now, each) for item, prediction in found])
        version, variant = self._runtime.model_version, self._runtime.variant
        answers = [
            (
                item.entry,
                item.event.answer_id,
                answer(item.event, self._runtime.agreed.name, version, variant, given, now),
            )
            for item, given in found
        ]
        # What is at hand is not left to be taken over for a short absence of Redis; writing it again changes nothing.
        if not self._with_retry(lambda: self._streams.answer(answers)):
            return
        classes = self._runtime.predictor.signature.classes
        for item, given in found:
            self._metrics.events.labels("ok").inc()
            self._metrics.predicted(variant, version, given.decision if classes else None, given.score)
            for name in self._names:
                if item.row.get(name) is None:
                    self._metrics.missing.labels(name, version).inc()

    def _read(self, entry: Entry) -> _Asked | None:
        try:
            event = parse(entry.content)
            row = self._row.model_validate(event.data).model_dump()
        except EventError as error:
            self._dead_letter(entry, str(error))
            return None
        except ValidationError as error:
            faults = refusals(self._runtime.agreed, error.errors(include_url=False, include_context=False))
            for fault in faults:
                self._metrics.violations.labels(fault["column"] or "", fault["rule"]).inc()
            self._dead_letter(entry, "; ".join(fault["message"] for fault in faults))
            return None
        named = row.get(self._entity) if self._is_input else row.pop(self._entity, None)
        return _Asked(entry, event, row, named if event.subject is None else event.subject)

    def _predicted(self, asked: Sequence[_Asked]) -> list[tuple[_Asked, Prediction]]:
        """Predictions; an event that cannot be predicted stays with this consumer, and is tried again later."""
        try:
            return list(zip(asked, self._runtime.predictor.predict([item.row for item in asked]), strict=True))
        except Exception as error:  # ONNX Runtime raises classes of its own, with Exception as their only base
            if len(asked) > 1:
                return [pair for item in asked for pair in self._predicted([item])]
            _say(f"Event {asked[0].event.id} is tried again later: {error!r}")
            return []

    def _write_down(self, records: Sequence[Record]) -> None:
        """Log, and return once the disk has it: while it cannot, nothing is acknowledged and nothing new is taken."""
        if self._log is None:
            return
        waiting = list(records)
        pause = 0.1
        while True:
            try:
                while waiting:
                    self._log.append(waiting[0])
                    waiting.pop(0)
                self._log.sync()
                return
            except LogError as error:
                if self._is_stopped or isinstance(error, LogEndedError):
                    raise
                _say(f"Events wait: {error}")
                self._is_stopped_within(pause)
                pause = min(2 * pause, MOST_PAUSE_SECONDS)

    def _record(self, item: _Asked, found: Prediction, now: datetime, latency_ms: float) -> Record:
        return Record(
            id=item.event.answer_id,
            request=item.event.id,
            time=now,
            mode="events",
            variant=self._runtime.variant,
            model=self._runtime.model_version,
            inputs={name: item.row.get(name) for name in self._names},
            decision=found.decision,
            score=found.score,
            latency_ms=latency_ms,
            entity=item.entity,
        )

    def _dead_letter(self, entry: Entry, reason: str) -> None:
        self._streams.dead_letter(entry, reason)
        self._metrics.events.labels("dead_letter").inc()

    def _with_retry(self, action: Callable[[], None]) -> bool:
        """Do something until Redis lets it be done; false where a stop came first."""
        pause = 0.1
        while True:
            try:
                action()
                self._lag.found()
                return True
            except LogEndedError:
                raise
            except LogError as error:
                _say(f"Stopping; the events stay in their stream: {error}")
                return False
            except redis.RedisError as error:
                if isinstance(error, redis.ResponseError) and not _passes(error):
                    raise StreamsError(f"Redis refuses: {error}") from error
                self._lag.lost()
                _say(f"Waiting for Redis: {error}")
                if any(word in str(error) for word in FORGOTTEN) and action != self._streams.join:
                    self._with_retry(self._streams.join)  # Redis came back without what it held
            if self._is_stopped_within(pause):
                return False
            pause = min(2 * pause, MOST_PAUSE_SECONDS)

    def _is_stopped_within(self, seconds: float) -> bool:
        """Wait, and tell whether a stop came."""
        end = time.monotonic() + seconds
        while not self._is_stopped and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, HEARD_SECONDS))
        return self._is_stopped


def _passes(error: redis.ResponseError) -> bool:
    return isinstance(error, redis.OutOfMemoryError | redis.ReadOnlyError) or any(
        word in str(error) for word in PASSING
    )


class _Lag:
    """Age of the oldest event without an answer; while Redis is away, at least for how long it has been."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._looked = float("-inf")
        self._away: float | None = None

    def is_due(self) -> bool:
        return time.monotonic() - self._looked >= LAG_SECONDS

    def tell(self, age: float | None) -> None:
        self._looked = time.monotonic()
        self._since = None if age is None else self._looked - age

    def lost(self) -> None:
        self._away = self._away or time.monotonic()

    def found(self) -> None:
        self._away = None

    def seconds(self) -> float:
        known = [since for since in (self._since, self._away) if since is not None]
        return time.monotonic() - min(known) if known else 0.0


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def consume() -> None:
    """Predict for events until SIGTERM or Ctrl-C.

    Raises:
        ProjectError: The product serves no events, the model or a setting cannot be used, or the prediction log has
            ended.
    """
    if "events" not in manifest.load(Path()).serving:
        raise ProjectError("This product serves no events: golden-path.yaml names none under serving.")
    try:
        settings = read_settings(os.environ)
        port = int(os.environ.get("METRICS_PORT") or METRICS_PORT)
        loaded = runtime.load()
        metrics = Metrics("events", score_buckets(loaded.predictor.signature))
        metrics.describe_model(loaded.agreed.name, loaded.model_version, loaded.age.trained, loaded.age.newest_row)
        log = None if loaded.log is None else PredictionLog(loaded.log, loaded.agreed, key=loaded.key)
        consumer = Consumer(loaded, Streams(settings), metrics, log, settings.retries)
        if port:
            start_http_server(port, os.environ.get("METRICS_HOST") or METRICS_HOST, metrics.registry)
    except (ValueError, OSError) as error:
        raise ProjectError(str(error)) from error
    if log is None:
        _say("The predictions are not logged: PREDICTION_LOG is off.")
    else:
        metrics.watch_log(log)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: consumer.stop())
    _say(f"Answering {settings.stream} as {settings.group}, model {loaded.model_version[:12]}.")
    try:
        consumer.run()
    finally:
        if log:
            log.close()
