"""Start the service as production runs it, and look whether it keeps its promises.

Every route of its document is called without and with credentials; predictions are asked for, a row that breaks the
contract is refused, metrics are scraped, and a record is read back from the prediction log. That log
may be kept, for `goldenpath replay` to compute it again.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from goldenpath.delivery.release.local_service import LocalService, running
from goldenpath.model import signature
from goldenpath.project import contract
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import SIGNATURE, split_file
from goldenpath.repository import facts
from goldenpath.serving.rest.openapi import OPEN_PATHS
from goldenpath.serving.rest.request import example_row

PREDICTIONS = 20
HELD_OUT = 200
"""Rows of the test part that are asked for besides, where that part is here."""
LOG_SECONDS = 5.0
DOCUMENT = "/openapi.json"
WRONG_KEY = "not-a-key"
UNKNOWN = (401, 403)
UNPROCESSABLE = 422
_SAMPLE = re.compile(r"([A-Za-z_:][\w:]*)(?:\{(.*)\})? ")
_VERSION = re.compile(r'model_version="([^"]*)"')


def run(log: Path | None = None) -> str:
    """Start the service as production runs it, and hold it to its promises.

    Args:
        log: Where its prediction log stays; None keeps none.

    Returns:
        What was seen, in words.

    Raises:
        ProjectError: A promise is broken; which one.
    """
    with running(log) as service:
        seen = check(service)
    facts.tell(seen)
    return (
        f"{len(seen['calls'])} calls: every route asks who is there. {seen['predictions']} predictions by model "
        f"{seen['record']['model'][:12]}, {len(seen['metrics'])} metrics, and each prediction is in the log."
    )


def check(service: LocalService) -> dict[str, Any]:
    """What the service did.

    Returns:
        ``calls``, ``predictions``, ``metrics``, ``versions`` and ``record``, as the checklist reads them.

    Raises:
        ProjectError: A promise is broken.
    """
    row, described = example_row(contract.load()), signature.load(SIGNATURE)
    calls = _calls(service, row)
    for _ in range(PREDICTIONS):
        status, content = service.ask("POST", "/predict", row, service.key)
        if status != 200 or json.loads(content)["model"] != described.model_sha256:
            raise ProjectError(f"/predict answers {status}, or not by the model of {SIGNATURE}: {content[:200]!r}")
    broken = row | {described.inputs[0].name: ["no", "value"]}
    status, content = service.ask("POST", "/predict", broken, service.key)
    if status != UNPROCESSABLE:
        raise ProjectError(f"/predict answers {status} to a row that breaks the contract, want 422: {content[:200]!r}")
    rows = _held_out()
    for held_out in rows:
        status, content = service.ask("POST", "/predict", held_out, service.key)
        if status != 200:
            raise ProjectError(f"/predict answers {status} to a row of the test part: {content[:200]!r}")
    predictions = PREDICTIONS + len(rows)
    names, versions = _scraped(service)
    if versions != {described.model_sha256}:
        raise ProjectError(f"/metrics names the models {sorted(versions)}, want {described.model_sha256} alone.")
    record = _logged(service, predictions)
    if record["model"] != described.model_sha256:
        raise ProjectError(f"The prediction log names the model {record['model']}, want {described.model_sha256}.")
    return {
        "calls": calls,
        "predictions": predictions,
        "metrics": sorted(names),
        "versions": sorted(versions),
        "record": record,
    }


def _held_out() -> list[dict[str, Any]]:
    """Rows of the test part, from its beginning to its end, as a caller sends them."""
    path = split_file("test")
    if not path.is_file():
        return []
    table = pq.read_table(path, columns=[column.name for column in contract.load().features])
    spread = table.take(list(range(0, table.num_rows, max(1, table.num_rows // HELD_OUT)))[:HELD_OUT])
    return [{name: None if value != value else value for name, value in row.items()} for row in spread.to_pylist()]


def _calls(service: LocalService, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every route without credentials, with wrong ones, and with valid ones.

    Raises:
        ProjectError: One is open, or shut to a caller who may come in.
    """
    status, content = service.ask("GET", DOCUMENT, key=service.key)
    if status != 200:
        raise ProjectError(f"{DOCUMENT} answers {status} to a call with credentials.")
    routes = [(method, path) for path, item in json.loads(content)["paths"].items() for method in item]
    calls = []
    for method, path in [*routes, ("get", DOCUMENT)]:
        for credentials, key in (("none", None), ("wrong", WRONG_KEY), ("valid", service.key)):
            body = row if method == "post" else None
            status, _ = service.ask(method.upper(), path, body, key)
            if path not in OPEN_PATHS:
                _expect(status, credentials, f"{method.upper()} {path}")
            calls.append({"path": path, "method": method, "credentials": credentials, "status": status})
    return calls


def _expect(status: int, credentials: str, route: str) -> None:
    if credentials == "valid" and not 200 <= status < 300:
        raise ProjectError(f"{route} answers {status} to a call with credentials.")
    if credentials != "valid" and status not in UNKNOWN:
        raise ProjectError(f"{route} answers {status} to a call with {credentials} credentials, want 401 or 403.")


def _scraped(service: LocalService) -> tuple[set[str], set[str]]:
    """Names of metrics, of their families and of counters that have counted nothing yet, and of model versions."""
    status, content = service.ask("GET", "/metrics")
    if status != 200:
        raise ProjectError(f"/metrics answers {status}.")
    lines = content.decode().splitlines()
    kinds = [line.split()[2:4] for line in lines if line.startswith("# TYPE ")]
    families = {name for name, _ in kinds} | {f"{name}_total" for name, kind in kinds if kind == "counter"}
    samples = [match for line in lines if not line.startswith("#") and (match := _SAMPLE.match(line))]
    versions = {version for match in samples for version in _VERSION.findall(match[2] or "")}
    return families | {match[1] for match in samples}, versions


def _logged(service: LocalService, at_least: int) -> dict[str, Any]:
    """The newest record of the prediction log, once as many as were asked for have come."""
    deadline = time.monotonic() + LOG_SECONDS
    while time.monotonic() < deadline:
        texts = [path.read_text(encoding="utf-8") for path in sorted(service.log.glob("*.jsonl"))]
        lines = [line for text in texts for line in text.split("\n")[:-1]]
        if len(lines) >= at_least:
            record: dict[str, Any] = json.loads(lines[-1])
            return record
        time.sleep(0.05)
    raise ProjectError(f"The prediction log holds fewer than {at_least} records after {LOG_SECONDS:g} s.")
