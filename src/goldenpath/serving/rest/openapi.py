"""The API's document, OpenAPI 3.1, from what the code declares and the contract."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from goldenpath.serving.rest.http_errors import Faults

OPEN_PATHS = ("/healthz", "/readyz", "/metrics")
"""What probes and scrapers call, without credentials."""
SCHEMES = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "What came is no HTTP."},
    401: {"model": Faults, "description": "Nobody knows who asks."},
    503: {"model": Faults, "description": "There is no room now; Retry-After says when to come back."},
}
REFUSALS_OF_ROWS: dict[int | str, dict[str, Any]] = {
    408: {"model": Faults, "description": "The request did not come in time."},
    413: {"model": Faults, "description": "The body is too large."},
    415: {"model": Faults, "description": "The body is no JSON, by its Content-Type."},
    422: {"model": Faults, "description": "What breaks the contract, row by row."},
}
IDS = {
    "X-Request-ID": {
        "description": "The request's id: the caller's own, where it sent one that a log can hold.",
        "schema": {"type": "string"},
    },
    "X-Prediction-ID": {
        "description": "The prediction's id; with several rows, the row at position N has this id, a dot, and N.",
        "schema": {"type": "string"},
    },
}


def declare(app: FastAPI) -> None:
    """Let the application serve this document; FastAPI's own says nothing of credentials."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _made(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _made(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, openapi_version="3.1.0", routes=app.routes)
    found["components"]["securitySchemes"] = SCHEMES
    for path, methods in found["paths"].items():
        for operation in methods.values():
            operation["security"] = [] if path in OPEN_PATHS else [{name: []} for name in SCHEMES]
    schemas = found["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):  # FastAPI's refusals, in whose place ours stand
        schemas.pop(unused, None)
    return found
