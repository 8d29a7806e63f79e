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
from threading import Lock
from time import perf_counter
from typing import Any

from fastapi import FastAPI
from pydantic_core import to_json
from starlette.types import Message, Receive, Scope, Send

from goldenpath.model.predictor import Prediction
from goldenpath.model.signature import ModelError
from goldenpath.project import contract
from goldenpath.project.contract import Contract
from goldenpath.project.errors import ProjectError
from goldenpath.serving import auth, logs
from goldenpath.serving.auth import Callers
from goldenpath.serving.cache import MemoryCache, RedisCache
from goldenpath.serving.limits import ClientGone, read_body
from goldenpath.serving.loaded_model import LoadedModel
from goldenpath.serving.metrics import Metrics
from goldenpath.serving.prediction_log import LogFullError, PredictionLog, Record
from goldenpath.serving.rest.connection import SMALL_BYTES, Headers, Reply
from goldenpath.serving.rest.http_errors import Refused, overloaded, refused
from goldenpath.serving.rest.openapi import OPEN_PATHS
from goldenpath.serving.rest.request import Rows
from goldenpath.serving.routing import MIXED
from goldenpath.serving.settings import Settings
from goldenpath.serving.shadow import Asked, Shadow
from goldenpath.serving.variants import Variant, Variants

PATHS = ("/predict", "/model", "/openapi.json")
"""Paths that metrics tell apart: a caller who tries a million others must not make a million series."""
THREADS = 2
CLIENT_GONE = 499
"""What log and metrics call a request whose client did not wait; no answer has this status."""
OK = 200
UNPROCESSABLE = 422
SERVER_FAULTS = 500
JSON = (b"content-type", b"application/json")
RELOAD_FAILED = "model reload failed; keeping the current model"


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
    variant: str = ""
    model: str = ""
    shadowed: Asked | None = None
    ending: Lock | None = None
    """Where another thread predicts: taken once, by that thread to give the answer, or by who will wait no longer."""


class Service:
    """The whole service as an ASGI application.

    Attributes:
        metrics: What is measured.
        settings: How it runs.
    """

    def __init__(
        self,
        settings: Settings,
        agreed: Contract,
        variants: Variants,
        metrics: Metrics,
        cache: MemoryCache | RedisCache | None,
        open_log: Callable[[], PredictionLog | None],
        load: Callable[[], Variants],
    ) -> None:
        self._variants = variants
        self.metrics = metrics
        self._is_running = False
        self.settings = settings
        self._agreed = agreed
        self._memory = cache if isinstance(cache, MemoryCache) else None
        self._shared = cache if isinstance(cache, RedisCache) else None
        self._shadow: Shadow | None = None
        self._callers: Callers = auth.callers(settings)
        self._open_log, self._load = open_log, load
        self._log: PredictionLog | None = None
        self._app: FastAPI | None = None
        self._under_way = 0
        self._threads: ThreadPoolExecutor | None = None
        self._reloading = asyncio.Lock()
        self._counted: dict[tuple[str, int, str, str], tuple[Any, Any]] = {}
        self._missing: dict[tuple[str, str], Any] = {}
        metrics.requests_in_progress.set_function(lambda: self._under_way)

    def attach(self, app: FastAPI) -> None:
        """Name the application that answers everything but predictions."""
        self._app = app

    @property
    def is_alive(self) -> bool:
        """Whether it can ever answer a prediction: it answers none that it cannot log."""
        return self._log is None or not self._log.has_ended

    @property
    def is_ready(self) -> bool:
        """Whether it has started and not stopped, and is alive."""
        return self._is_running and self.is_alive

    @property
    def model(self) -> LoadedModel:
        """The champion."""
        return self._variants.champion.model

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
        self._shadow = Shadow(self.metrics, self._log)
        self._describe(self._variants)
        self._is_running = True
        logs.write("info", "ready", **_told(self._variants), auth=self.settings.auth)
        try:
            yield
        finally:
            self._is_running = False
            self._threads.shutdown()
            self._threads = None
            await asyncio.to_thread(self._shadow.close)
            if self._shared:
                await self._shared.close()
            if self._log:
                await asyncio.to_thread(self._log.close)
                self._log = None

    async def reload(self) -> None:
        """Take the models and the plan that lie there now, and the callers' keys, where all of them can be used.

        What cannot be used is told in the log, and what was there before goes on. No request waits for it.
        """
        async with self._reloading:
            before = self._variants
            try:
                variants, callers = await asyncio.to_thread(self._load_again)
            except ProjectError as error:
                logs.write("error", RELOAD_FAILED, **_told(before), reason=str(error))
                return
            except Exception as error:  # of the program: nobody waits for this task and would tell of it
                logs.failed(RELOAD_FAILED, error, **_told(before))
                return
            self._variants, self._callers = variants, callers
            for version in {model.sha256 for model in before.models} - {model.sha256 for model in variants.models}:
                self.metrics.forget_model(self._agreed.name, version)
            self._describe(variants)
            logs.write("info", "model reloaded", **_told(variants), before=before.champion.model.sha256)

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

    def fast_path(self, headers: Headers, body: bytes) -> Reply | None:
        """The answer to a small request for predictions that has come whole; see :mod:`.connection`.

        Returns:
            None where only ASGI has the answer: before the service has started, where the body is too large, or where
            others may have answered it already.
        """
        is_asked_elsewhere = self._shared is not None and not self._shared.is_resting
        if not self.is_ready or is_asked_elsewhere or len(body) > self.settings.max_body_bytes:
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
        if exchange.shadowed:  # in the loop's next turn: in this one, the answer is written
            asyncio.get_running_loop().call_soon(self._show_shadow, exchange)
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
        self._show_shadow(exchange)

    def _show_shadow(self, exchange: Exchange) -> None:
        """Let the shadow see a request whose answer has gone."""
        if exchange.shadowed and exchange.status == OK and self._shadow:
            self._shadow.offer(exchange.shadowed)

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
            if self._shared and not self._shared.is_resting:
                return await self._answered_by_all(exchange, body, self._shared)
            return self._answered(exchange, body)
        return await self._answered_aside(exchange, body)

    async def _answered_aside(self, exchange: Exchange, body: bytes) -> bytes:
        """As :meth:`_answered`, in another thread; what is late is neither given, nor logged, nor counted."""
        exchange.ending = ending = Lock()
        work, seconds = partial(self._answered, exchange, body), self.settings.request_seconds
        answer = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            # Not asyncio.timeout: an answer that is being logged when the time is over is to be given.
            await asyncio.wait([answer], timeout=seconds)
            if not answer.done() and ending.acquire(blocking=False):
                raise overloaded(f"there was no answer within {seconds:g} seconds", "timeout")
            return await answer
        finally:
            ending.acquire(blocking=False)  # also where the server stops and waits no longer
            answer.cancel()

    def _answered(self, exchange: Exchange, body: bytes) -> bytes:
        """The answer to the rows of a body: all of it under the models of one moment, whatever is loaded meanwhile."""
        variants = self._variants
        rows = variants.champion.model.reader.read(body)
        if len(rows.inputs) > 1:
            return self._answer_rows(exchange, variants, rows)
        variant, row = _chosen(exchange, variants, rows), rows.inputs[0]
        if self._memory is None:
            return self._finished(exchange, variants, rows, [variant], [variant.model.predictor.predict_one(row)])
        key = variant.model.keys.here(row)
        if (found := self._memory.get(key)) is None:
            found = variant.model.predictor.predict_one(row)
            self._memory.put(key, found)
        return self._finished(exchange, variants, rows, [variant], [found])

    async def _answered_by_all(self, exchange: Exchange, body: bytes, shared: RedisCache) -> bytes:
        """As :meth:`_answered`, by what other processes have answered too."""
        variants = self._variants
        rows = variants.champion.model.reader.read(body)
        if len(rows.inputs) > 1:
            return self._answer_rows(exchange, variants, rows)
        variant, row = _chosen(exchange, variants, rows), rows.inputs[0]
        key = variant.model.keys.anywhere(row)
        if (found := await shared.get(key)) is None:
            found = variant.model.predictor.predict_one(row)
            shared.put(key, found)
        return self._finished(exchange, variants, rows, [variant], [found])

    def _answer_rows(self, exchange: Exchange, variants: Variants, rows: Rows) -> bytes:
        chosen = [variants.of(entity, exchange.id) for entity in rows.entities]
        names = {variant.name: variant for variant in chosen}
        found: dict[int, Prediction] = {}
        for name, variant in names.items():
            exchange.variant, exchange.model = name, variant.model.sha256  # what fails now is theirs
            positions = [position for position, item in enumerate(chosen) if item.name == name]
            answers = variant.model.predictor.predict([rows.inputs[position] for position in positions])
            found |= zip(positions, answers, strict=True)
        if len(names) > 1:
            exchange.variant, exchange.model = MIXED, variants.champion.model.sha256
        return self._finished(exchange, variants, rows, chosen, [found[position] for position in range(len(chosen))])

    def _finished(
        self,
        exchange: Exchange,
        variants: Variants,
        rows: Rows,
        chosen: Sequence[Variant],
        predictions: Sequence[Prediction],
    ) -> bytes:
        """Have the predictions logged, and count them; the body of the answer, empty where nobody waits for it."""
        if exchange.ending and not exchange.ending.acquire(blocking=False):
            return b""
        exchange.prediction, exchange.rows = logs.new_id(), len(predictions)
        if self._log or variants.shadow:
            records = _records(exchange, rows, chosen, predictions)
            if self._log:
                _log(self._log, records)
            exchange.shadowed = Asked(variants.shadow, records) if variants.shadow else None
        self._count_predictions(rows, chosen, predictions)
        answers = [_shown(item, variant, exchange) for item, variant in zip(predictions, chosen, strict=True)]
        return to_json({"model": exchange.model, "predictions": answers}, inf_nan_mode="null")

    def _count_predictions(self, rows: Rows, chosen: Sequence[Variant], predictions: Sequence[Prediction]) -> None:
        for row, variant, item in zip(rows.inputs, chosen, predictions, strict=True):
            model = variant.model
            is_class = model.signature.task != "regression"
            self.metrics.predicted(variant.name, model.sha256, item.decision if is_class else None, item.score)
            for column, value in row.items():
                if value is None:
                    self._count_missing(column, model.sha256)

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
        labels = (exchange.variant or self._variants.champion.name, exchange.model or self.model.sha256)
        key = (exchange.path, exchange.status, *labels)
        if (counted := self._counted.get(key)) is None:
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

    def _describe(self, variants: Variants) -> None:
        for model in variants.models:
            self.metrics.describe_model(self._agreed.name, model.sha256, model.trained, model.newest_row)

    def _load_again(self) -> tuple[Variants, Callers]:
        agreed = contract.load()
        if agreed.sha256 != self._agreed.sha256:
            raise ModelError(f"{contract.PATH} has changed, and with it what callers may send. Restart the service.")
        return self._load(), auth.callers(self.settings)


def _told(variants: Variants) -> dict[str, str]:
    """What the log tells of the models."""
    told = {"model": variants.champion.model.sha256}
    if variants.experiment:
        told |= {"experiment": variants.experiment.name}
    if variants.challenger:
        told |= {"challenger": variants.challenger.model.sha256}
    return told | ({"shadow": variants.shadow.sha256} if variants.shadow else {})


def _chosen(exchange: Exchange, variants: Variants, rows: Rows) -> Variant:
    """Who answers the one row of a request; what fails from now on is theirs."""
    variant = variants.of(rows.entities[0], exchange.id)
    exchange.variant, exchange.model = variant.name, variant.model.sha256
    return variant


def _shown(item: Prediction, variant: Variant, exchange: Exchange) -> dict[str, Any]:
    shown = {"decision": item.decision, "score": item.score}
    return shown if variant.model.sha256 == exchange.model else {**shown, "model": variant.model.sha256}


def _records(
    exchange: Exchange, rows: Rows, chosen: Sequence[Variant], predictions: Sequence[Prediction]
) -> list[Record]:
    now, took = datetime.now(UTC), round((perf_counter() - exchange.begun) * 1000, 3)
    return [
        Record(
            id=exchange.prediction if len(predictions) == 1 else f"{exchange.prediction}.{position}",
            request=exchange.id,
            time=now,
            mode="rest",
            variant=variant.name,
            model=variant.model.sha256,
            inputs=row,
            decision=item.decision,
            score=item.score,
            latency_ms=took,
            entity=entity,
        )
        for position, (row, entity, variant, item) in enumerate(
            zip(rows.inputs, rows.entities, chosen, predictions, strict=True)
        )
    ]


def _log(log: PredictionLog, records: Sequence[Record]) -> None:
    """Have answers logged.

    Raises:
        Refused: So many wait for the disk that there is no room for more.
    """
    try:
        log.append_all(records)
    except LogFullError:
        raise overloaded("predictions cannot be logged now") from None


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
