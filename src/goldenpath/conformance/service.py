"""The REST service of a sample's model, inside this process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from fastapi.testclient import TestClient

from goldenpath.conformance.sample import working_in
from goldenpath.project.contract import MOMENTS, Contract
from goldenpath.serving.rest.app import create_app
from goldenpath.serving.settings import Settings

HEADERS = {"Content-Type": "application/json"}


@contextmanager
def client(folder: Path) -> Iterator[TestClient]:
    """A client of the service for the model in a folder, which keeps no log and asks for no key.

    Args:
        folder: Where contract and model lie.
    """
    with working_in(folder):
        service = create_app(Settings())
    with TestClient(service) as found:
        yield found


def request_row(agreed: Contract, row: Mapping[Any, Any]) -> dict[str, Any]:
    """A validated row as a caller sends it: the features alone, and nothing for what is missing.

    Args:
        agreed: The contract.
        row: Values by the contract's names.
    """
    return {
        column.name: as_json(column.type, row[column.name])
        for column in agreed.features
        if not pd.isna(row[column.name])
    }


def as_json(kind: str, value: Any) -> Any:
    """A value as JSON holds it: dates and times as ISO text."""
    if isinstance(value, datetime):
        return value.date().isoformat() if kind == "date" else value.isoformat()
    if kind in MOMENTS:
        return str(value)
    return value.item() if hasattr(value, "item") else value


def post(found: TestClient, body: Any) -> tuple[int, Any]:
    """What ``POST /predict`` responds: the status, and the body."""
    response = found.post("/predict", content=json.dumps(body), headers=HEADERS)
    return response.status_code, response.json()
