"""The REST API: ``/predict`` for one row or many, ``/model``, and health."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Union

from fastapi import Body, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Discriminator, Field, Tag

from .. import contract
from ..model.predictor import Predictor
from ..model.signature import ModelError
from .request import example_row, refusals, row_model

MOST_ROWS = 10_000
"""Rows of one request; more belong into a batch."""


class Answer(BaseModel):
    """One prediction: the decision, and the score behind it."""

    decision: Any = Field(description="The decided class, or the predicted number.")
    score: float = Field(
        description="Probability of the positive class, of the decided class, or the predicted number."
    )


class Answers(BaseModel):
    """The predictions, in the order of the rows, and the model that made them."""

    model: str = Field(description="SHA-256 of the model.")
    predictions: list[Answer]


def create_app() -> FastAPI:
    """The service for the model in ``models/`` under the contract in ``contract.yaml``.

    Raises:
        ContractError: The contract cannot be used.
        ModelError: The model is missing, damaged, or was trained under another contract.
    """
    agreed, predictor = contract.load(), Predictor.load()
    if predictor.signature.contract_sha256 != agreed.sha256:
        raise ModelError(
            f"{contract.PATH} is not the contract that the model was trained under. Run `make pipeline`, "
            "or get the committed contract back."
        )
    body_type = _one_or_many(row_model(agreed))
    ready = False

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        nonlocal ready
        predictor.predict_one(example_row(agreed))  # the first call pays for lazy set-up; no client should
        ready = True
        yield
        ready = False

    app = FastAPI(title=agreed.name, version=agreed.version, lifespan=lifespan)

    @app.exception_handler(RequestValidationError)
    async def refuse(_: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"errors": refusals(agreed, error.errors())}, status_code=422)

    async def predict(body: Any) -> Answers:
        given = body if isinstance(body, list) else [body]
        found = predictor.predict([item.model_dump() for item in given])
        answers = [Answer(decision=item.decision, score=item.score) for item in found]
        return Answers(model=predictor.signature.model_sha256, predictions=answers)

    # FastAPI reads the body's type from the annotation, which here is known only now.
    predict.__annotations__["body"] = Annotated[body_type, Body(examples=[example_row(agreed)])]
    app.post("/predict", response_model=Answers, summary="Predict one row or many")(predict)

    @app.get("/healthz", summary="Whether the process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", summary="Whether predictions can be asked for")
    async def readyz() -> JSONResponse:
        return JSONResponse({"status": "ready" if ready else "starting"}, status_code=200 if ready else 503)

    @app.get("/model", summary="Which model answers, and what it takes")
    async def model() -> dict[str, Any]:
        return predictor.signature.to_json()

    return app


def _one_or_many(row: type[BaseModel]) -> Any:
    """The type of a body that is a row or a list of rows; told apart first, so that faults are told once."""
    many = Annotated[list[row], Field(min_length=1, max_length=MOST_ROWS), Tag("many")]  # type: ignore[valid-type]
    tell = Discriminator(lambda body: "many" if isinstance(body, list) else "one")
    return Annotated[Union[Annotated[row, Tag("one")], many], tell]  # noqa: UP007  # types known at run time only
