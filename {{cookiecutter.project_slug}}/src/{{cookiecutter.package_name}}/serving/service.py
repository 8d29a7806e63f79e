"""What stands before every request: its id, its place in the queue, its caller, its limits, its line in the log.

``POST /predict`` is answered here, straight from the bytes of the body; everything else goes on to FastAPI.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import Any

from fastapi import FastAPI
from pydantic_core import to_json
from starlette.types import Message, Receive, Scope, Send

from .. import contract
from ..contract import Contract
from ..errors import ProjectError
from ..model.predictor import Prediction
from ..model.signature import ModelError
from . import auth, loaded, logs
from .auth import Callers
from .connection import SMALL_BYTES, Headers, Reply
from .document import OPEN_PATHS
from .limits import ClientGone, read_body
from .loaded import Loaded
from .metrics import Metrics
from .prediction_log import LogFullError, PredictionLog, Record
from .refusal import Refused, overloaded, refused
from .settings import Settings

PATHS = ("/predict", "/model", "/openapi.json")
"""Paths that metrics tell apart: a caller who tries a million others must not make a million series."""
THREADS = 2
CLIENT_GONE = 499
"""What log and metrics call a request whose client did not wait; no answer has this status."""
UNPROCESSABLE = 422
SERVER_FAULTS = 500
JSON = (b"content-type", b"application/json")


@dataclass
class Exchange:
    """One request, as the log tells of it."""

    id: str
    method: str
    path: str
    begun: float
    caller: str = ""
    prediction: str = ""
    rows: int = 0
    status: int = 0


class Service:
    """The whole service as an ASGI application.

    Attributes:
        model: What answers; each request keeps the one that it began with.
        metrics: What is measured.
        is_ready: Whether it has started and not stopped.
        settings: How it runs.
    """

    def __init__(
        self,
        settings: Settings,
        agreed: Contract,
        model: Loaded,
        metrics: Metrics,
        open_log: Callable[[], PredictionLog | None],
    ) -> None:
        self.model = model
        self.metrics = metrics
        self.is_ready = False
        self.settings = settings
        self._agreed = agreed
        self._entity = agreed.entity.name if agreed.entity else ""
        self._callers: Callers = auth.callers(settings)
        self._open_log = open_log
        self._log: PredictionLog | None = None
        self._app: FastAPI | None = None
        self._under_way = 0
        self._threads: ThreadPoolExecutor | None = None
        self._reloading = asyncio.Lock()
        self._counted: dict[tuple[str, int, str], tuple[Any, Any]] = {}
        self._missing: dict[tuple[str, str], Any] = {}
        metrics.requests_in_progress.set_function(lambda: self._under_way)

    def attach(self, app: FastAPI) -> None:
        """Name the application that answers everything but predictions."""
        self._app = app

    @property
    def document(self) -> dict[str, Any]:
        """The API's document, OpenAPI 3.1."""
        return self._rest.openapi()

    @property
    def _rest(self) -> FastAPI:
        if self._app is None:
            raise RuntimeError("attach() was not called")
        return self._app

    def open_log(self) -> None:
        """Open the prediction log, where the settings name one and it is not open yet.

        Raises:
            LogError: It cannot be written.
        """
        self._log = self._log or self._open_log()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """From start to stop: the prediction log is open, and at the end all of it is written."""
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="predict")
        self.open_log()
        if self._log:
            self.metrics.watch_log(self._log)
        else:
            logs.write("warning", "predictions are not logged: PREDICTION_LOG names no folder")
        self._describe(self.model)
        self.is_ready = True
        logs.write("info", "ready", model=self.model.sha256, auth=self.settings.auth)
        try:
            yield
        finally:
            self.is_ready = False
            self._threads.shutdown()
            self._threads = None
            if self._log:
                await asyncio.to_thread(self._log.close)
                self._log = None

    async def reload(self) -> None:
        """Take the model that lies in ``models/`` now, and the callers' keys, where they can be used.

        What cannot be used is told in the log, and what was there before goes on. No request waits for it.
        """
        async with self._reloading:
            before = self.model
            try:
                model, callers = await asyncio.to_thread(self._load_anew)
            except ProjectError as error:
                logs.write("error", "the model was not changed", model=before.sha256, reason=str(error))
                return
            self.model, self._callers = model, callers
            if model.sha256 != before.sha256:
                self.metrics.forget_model(self._agreed.name, before.sha256)
                self._describe(model)
            logs.write("info", "the model was loaded anew", model=model.sha256, before=before.sha256)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; see ASGI."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._rest(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        name = logs.request_id(headers.get(b"x-request-id"))
        path = scope["path"] if scope["path"] in PATHS else "other"
        exchange = Exchange(name, scope["method"], path, perf_counter())
        self._under_way += 1
        try:
            await self._answer(exchange, headers, scope, receive, send)
        finally:
            self._under_way -= 1
            self._tell(exchange)

    def at_once(self, headers: Headers, body: bytes) -> Reply | None:
        """The answer to a small request for predictions that has come whole; see :mod:`.connection`.

        Returns:
            None where only ASGI has the answer: before the service has started, or where the body is too large.
        """
        if not self.is_ready or len(body) > self.settings.max_body_bytes:
            return None
        found = dict(headers)
        exchange = Exchange(logs.request_id(found.get(b"x-request-id")), "POST", "/predict", perf_counter())
        self._under_way += 1
        try:
            self._admit(exchange, found)
            _refuse_other_types(found)
            reply = _granted(exchange, self._answered(exchange, body))
        except Refused as refusal:
            reply = self._refused(refusal)
        except Exception as error:
            reply = _failed(exchange, error)
        finally:
            self._under_way -= 1
        exchange.status = reply[0]
        self._tell(exchange)
        return reply[0], reply[1], _headers(exchange, reply)

    async def _answer(
        self, exchange: Exchange, headers: Mapping[bytes, bytes], scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            self._admit(exchange, headers)
            if exchange.path != "/predict" or exchange.method != "POST":
                await self._pass_on(exchange, scope, receive, send)
                return
            reply = _granted(exchange, await self._predict(exchange, headers, receive))
        except Refused as refusal:
            reply = self._refused(refusal)
        except ClientGone:
            exchange.status = CLIENT_GONE
            return
        except Exception as error:
            reply = _failed(exchange, error)
            if exchange.status:  # part of an answer is on its way: the server breaks the connection off
                raise
        await _send(exchange, reply, send)

    def _admit(self, exchange: Exchange, headers: Mapping[bytes, bytes]) -> None:
        if self._under_way > self.settings.max_concurrent:
            raise overloaded("too many requests are under way")
        exchange.caller = self._callers.name(headers)

    def _refused(self, refusal: Refused) -> Reply:
        self._count_refusal(refusal)
        return refusal.status, refusal.body, refusal.headers

    async def _pass_on(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", exchange.id.encode())]
            await send(message)

        await self._rest(scope, receive, send_with_id)

    async def _predict(self, exchange: Exchange, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        """The answer to the rows of a request.

        Raises:
            Refused: They cannot be answered, or did not come in time.
            ClientGone: They will never come.
        """
        _refuse_other_types(headers)
        most_bytes, seconds = self.settings.max_body_bytes, self.settings.request_seconds
        body = await read_body(receive, headers, most_bytes, seconds)
        if len(body) <= SMALL_BYTES:
            return self._answered(exchange, body)
        work = partial(self._answered, exchange, body)
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError:
            raise overloaded(f"there was no answer within {seconds:g} seconds", "timeout") from None

    def _answered(self, exchange: Exchange, body: bytes) -> bytes:
        """Read rows, predict, count, and have it logged: all of it under one model, whatever is loaded meanwhile."""
        model = self.model
        rows = model.reader.read(body)
        predictions = [model.predictor.predict_one(rows[0])] if len(rows) == 1 else model.predictor.predict(rows)
        exchange.prediction, exchange.rows = logs.new_id(), len(rows)
        if self._log:
            self._log_predictions(self._log, exchange, model, rows, predictions)
        self._count_predictions(model, rows, predictions)
        answers = [{"decision": item.decision, "score": item.score} for item in predictions]
        return to_json({"model": model.sha256, "predictions": answers}, inf_nan_mode="null")

    def _log_predictions(
        self,
        log: PredictionLog,
        exchange: Exchange,
        model: Loaded,
        rows: Sequence[Mapping[str, Any]],
        predictions: Sequence[Prediction],
    ) -> None:
        now, took = datetime.now(UTC), round((perf_counter() - exchange.begun) * 1000, 3)
        records = [
            Record(
                id=exchange.prediction if len(rows) == 1 else f"{exchange.prediction}.{position}",
                request=exchange.id,
                time=now,
                mode="rest",
                variant=self.settings.variant,
                model=model.sha256,
                inputs=row,
                decision=item.decision,
                score=item.score,
                latency_ms=took,
                entity=row.get(self._entity),
            )
            for position, (row, item) in enumerate(zip(rows, predictions, strict=True))
        ]
        try:
            log.append_all(records)
        except LogFullError:
            raise overloaded("predictions cannot be logged now") from None

    def _count_predictions(
        self, model: Loaded, rows: Sequence[Mapping[str, Any]], predictions: Sequence[Prediction]
    ) -> None:
        variant, version = self.settings.variant, model.sha256
        is_class = model.signature.task != "regression"
        for row, item in zip(rows, predictions, strict=True):
            self.metrics.predicted(variant, version, item.decision if is_class else None, item.score)
            for column, value in row.items():
                if value is None:
                    self._count_missing(column, version)

    def _count_missing(self, column: str, version: str) -> None:
        if (counter := self._missing.get((column, version))) is None:
            counter = self._missing[column, version] = self.metrics.missing.labels(column, version)
        counter.inc()

    def _count_refusal(self, refusal: Refused) -> None:
        self.metrics.refused.labels(refusal.reason).inc()
        if refusal.status == UNPROCESSABLE:
            for fault in refusal.errors:
                self.metrics.violations.labels(fault["column"] or "", fault["rule"]).inc()

    def _tell(self, exchange: Exchange) -> None:
        """Count a request that is over, and write its line of the log."""
        seconds = perf_counter() - exchange.begun
        key = (exchange.path, exchange.status, self.model.sha256)
        if (counted := self._counted.get(key)) is None:
            labels = (self.settings.variant, self.model.sha256)
            counted = self._counted[key] = (
                self.metrics.requests.labels(exchange.path, str(exchange.status), *labels),
                self.metrics.request_seconds.labels(exchange.path, *labels),
            )
        counted[0].inc()
        counted[1].observe(seconds)
        logs.write(
            "info" if exchange.status < SERVER_FAULTS else "error",
            "request",
            request_id=exchange.id,
            prediction_id=exchange.prediction,
            rows=exchange.rows,
            method=exchange.method,
            path=exchange.path,
            status=exchange.status,
            ms=round(seconds * 1000, 3),
            caller=exchange.caller,
        )

    def _describe(self, model: Loaded) -> None:
        self.metrics.describe_model(self._agreed.name, model.sha256, model.trained, model.newest_row)

    def _load_anew(self) -> tuple[Loaded, Callers]:
        agreed = contract.load()
        if agreed.sha256 != self._agreed.sha256:
            raise ModelError(f"{contract.PATH} has changed, and with it what callers may send. Start the service anew.")
        return loaded.load(agreed, self.settings.max_rows), auth.callers(self.settings)


def _refuse_other_types(headers: Mapping[bytes, bytes]) -> None:
    kind = headers.get(b"content-type", b"")
    if kind != b"application/json" and kind.partition(b";")[0].strip().lower() != b"application/json":
        raise refused(415, "invalid", "type", "the body must be JSON: Content-Type: application/json")


def _granted(exchange: Exchange, content: bytes) -> Reply:
    return 200, content, ((b"x-prediction-id", exchange.prediction.encode()),)


def _failed(exchange: Exchange, error: Exception) -> Reply:
    logs.failed("a request failed", error, request_id=exchange.id)
    words = "the service has failed; its log tells more, by the request's id"
    return 500, refused(500, "invalid", "service", words).body, ()


def _headers(exchange: Exchange, reply: Reply) -> Headers:
    return JSON, (b"x-request-id", exchange.id.encode()), *reply[2]


async def _send(exchange: Exchange, reply: Reply, send: Send) -> None:
    exchange.status, content, _ = reply
    headers = [(b"content-length", b"%d" % len(content)), *_headers(exchange, reply)]
    await send({"type": "http.response.start", "status": exchange.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
