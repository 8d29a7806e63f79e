"""The REST API: ``/predict`` for one row or many, ``/model``, health and metrics.

FastAPI declares it and writes its document. ``POST /predict`` is answered below FastAPI, by :class:`.service.Service`,
straight from the bytes: that takes a third of the time.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Body, FastAPI, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from goldenpath.project import contract
from goldenpath.project.contract import Contract
from goldenpath.serving import cache, prediction_log, settings, variants
from goldenpath.serving.metrics import CONTENT_TYPE, Metrics, score_buckets
from goldenpath.serving.prediction_log import PredictionLog
from goldenpath.serving.rest.openapi import IDS, REFUSALS, REFUSALS_OF_ROWS, declare
from goldenpath.serving.rest.request import body_type, example_row
from goldenpath.serving.rest.service import Service
from goldenpath.serving.settings import Settings


class Answer(BaseModel):
    """One prediction: the decision, and the score behind it."""

    decision: Any = Field(description="The decided class, or the predicted number.")
    score: float = Field(
        description="Probability of the positive class, of the decided class, or the predicted number."
    )
    model: str | None = Field(
        default=None, description="SHA-256 of the model that made it, where it is not the one named for all."
    )


class Answers(BaseModel):
    """The predictions, in the order of the rows, and the model that made them."""

    model: str = Field(description="SHA-256 of the model.")
    predictions: list[Answer]


def create_app(given: Settings | None = None) -> Service:
    """The service for the model in ``models/`` under the contract in ``contract.yaml``.

    Args:
        given: How it runs; as the environment variables say unless told.

    Raises:
        ContractError: The contract cannot be used.
        ModelError: The model is missing, damaged, or was trained under another contract.
        SettingsError: A setting cannot be used.
        RoutingError: The plan of the experiment cannot be used.
        CacheError: The cache cannot be used.
        LogError: The key of the prediction log cannot be used.
    """
    chosen = settings.read(os.environ) if given is None else given
    agreed = contract.load()
    key = prediction_log.read_key(chosen.prediction_log_key_file)
    models = variants.load(chosen, agreed, key)
    metrics = Metrics("rest", score_buckets(models.champion.model.signature))
    kept = cache.create(chosen.cache, metrics.count_cache)

    def open_log() -> PredictionLog | None:
        return PredictionLog(chosen.prediction_log, agreed, key=key) if chosen.prediction_log else None

    service = Service(chosen, agreed, models, metrics, kept, open_log, lambda: variants.load(chosen, agreed, key))
    service.attach(declared(agreed, service))
    return service


def declared(agreed: Contract, service: Service) -> FastAPI:
    """The API as FastAPI knows it: every route, and the document that is made from them."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    app = FastAPI(title=agreed.name, version=agreed.version, lifespan=lifespan, docs_url=None, redoc_url=None)
    declare(app)

    async def predict(body: Any) -> Any:  # declared for the document: the service has answered before FastAPI would
        """An object is one row, a list is many; the predictions come in the order of the rows."""

    # FastAPI reads the body's type from the annotation, which here is known only now.
    asked = Body(examples=[example_row(agreed)])
    predict.__annotations__["body"] = Annotated[body_type(agreed, service.settings.max_rows), asked]
    app.post(
        "/predict",
        response_model=Answers,
        summary="Predict one row or many",
        responses={200: {"headers": IDS}, **REFUSALS, **REFUSALS_OF_ROWS},
    )(predict)

    @app.get("/model", summary="Which model answers, and what it takes", responses=REFUSALS)
    async def model() -> dict[str, Any]:
        return service.model.signature.to_json()

    @app.get(
        "/healthz",
        response_model=dict[str, str],
        summary="Whether the process is alive",
        responses={503: {"description": "Only a new process helps."}},
    )
    async def healthz() -> JSONResponse:
        return _status(service.is_alive, "alive", "the prediction log has ended")

    @app.get("/readyz", summary="Whether predictions can be asked for", responses={503: {"description": "Not now."}})
    async def readyz() -> JSONResponse:
        return _status(service.is_ready, "ready", "not ready")

    @app.get("/metrics", summary="What is measured, as OpenMetrics", response_class=Response)
    async def metrics() -> Response:
        return Response(service.metrics.render(), media_type=CONTENT_TYPE)

    return app


def _status(holds: bool, words: str, otherwise: str) -> JSONResponse:
    """The answer to a probe."""
    return JSONResponse({"status": words if holds else otherwise}, status_code=200 if holds else 503)
