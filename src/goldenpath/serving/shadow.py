"""The challenger asked behind the champion's back: after the answer has gone, and only while there is room.

A thread of its own asks, so a shadow that is slow, hangs or fails changes no answer. What it says goes to the
prediction log and the metrics as variant ``shadow``, under the id of the answer that it stands behind.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import perf_counter

from goldenpath.serving import logs
from goldenpath.serving.loaded_model import LoadedModel
from goldenpath.serving.metrics import Metrics
from goldenpath.serving.prediction_log import MOST_UNWRITTEN, LogFullError, PredictionLog, Record
from goldenpath.serving.routing import SHADOW

MOST_ROWS = 5_000
"""That wait for the shadow: some ten megabytes."""
CHUNK = 50
"""Rows asked at once: between chunks, requests get the interpreter."""
STOP_SECONDS = 2.0
"""For the rows that still wait when the service stops."""
MOST_LOGGED = MOST_UNWRITTEN // 2
"""Records that may wait for the disk while shadows are still logged: the rest of the room is for answers."""


@dataclass(frozen=True)
class Asked:
    """An answer that was given, which the shadow shall give too.

    Attributes:
        model: The shadow.
        records: The answer, row by row, as the log has it.
    """

    model: LoadedModel
    records: Sequence[Record]


class Shadow:
    """Asks shadows, one after the other, in a thread of its own."""

    def __init__(self, metrics: Metrics, log: PredictionLog | None) -> None:
        """Start the thread.

        Args:
            metrics: What counts the shadow's answers, and the rows it was not asked.
            log: Where the answers go.
        """
        self._metrics, self._log = metrics, log
        self._state = threading.Condition()
        self._waiting: deque[Asked] = deque()
        self._rows = 0
        self._is_closing = False
        self._is_ill = False
        # A daemon: a shadow that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._thread.start()

    def offer(self, asked: Asked) -> None:
        """Have the shadow answer too when there is time; where too many rows wait, it is not asked, and that counts."""
        with self._state:
            if self._is_closing or self._rows + len(asked.records) > MOST_ROWS:
                self._metrics.shadow_rows.labels("dropped").inc(len(asked.records))
                return
            self._waiting.append(asked)
            self._rows += len(asked.records)
            self._state.notify()

    def close(self) -> None:
        """Answer what waits, for a short while, and end."""
        with self._state:
            self._is_closing = True
            self._state.notify()
        self._thread.join(STOP_SECONDS)
        with self._state:
            self._metrics.shadow_rows.labels("dropped").inc(sum(len(asked.records) for asked in self._waiting))
            self._waiting.clear()

    def _run(self) -> None:
        while True:
            with self._state:
                self._state.wait_for(lambda: self._waiting or self._is_closing)
                if not self._waiting:
                    return
                asked = self._waiting.popleft()
            for first in range(0, len(asked.records), CHUNK):
                self._answer(asked.model, asked.records[first : first + CHUNK])
            with self._state:
                self._rows -= len(asked.records)

    def _answer(self, model: LoadedModel, records: Sequence[Record]) -> None:
        try:
            self._ask(model, records)
        except Exception as error:  # ONNX Runtime raises classes of its own, with Exception as their only base
            self._metrics.shadow_rows.labels("failed").inc(len(records))
            if not self._is_ill:  # once: a shadow that always fails would fill the log
                logs.failed("the shadow failed", error, model=model.sha256)
            self._is_ill = True

    def _ask(self, model: LoadedModel, records: Sequence[Record]) -> None:
        begun = perf_counter()
        found = model.predictor.predict([record.inputs for record in records])
        took, now = round((perf_counter() - begun) * 1000 / len(records), 3), datetime.now(UTC)
        is_class = model.signature.task != "regression"
        for record, item in zip(records, found, strict=True):
            self._metrics.predicted(SHADOW, model.sha256, item.decision if is_class else None, item.score)
            answer = replace(
                record,
                time=now,
                variant=SHADOW,
                model=model.sha256,
                decision=item.decision,
                score=item.score,
                latency_ms=took,
            )
            self._keep(answer)
        self._metrics.shadow_rows.labels("answered").inc(len(records))
        self._is_ill = False

    def _keep(self, answer: Record) -> None:
        if self._log is None:
            return
        try:
            if self._log.unwritten < MOST_LOGGED:
                self._log.append(answer)
                return
        except LogFullError:
            pass
        self._metrics.shadow_rows.labels("unlogged").inc()
