"""Load on the service as production runs it, against the objective of golden-path.yaml."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldenpath.delivery.release.local_service import LocalService, running
from goldenpath.model import signature
from goldenpath.project import contract, manifest
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import SIGNATURE
from goldenpath.repository import facts
from goldenpath.serving.rest.request import example_row

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
SECONDS = 15
USERS = 16
LEAST_REQUESTS = 1000
MOST_FAILED = 0.01


@dataclass(frozen=True)
class Load:
    """What came of it.

    Attributes:
        requests: Requests that were sent.
        failures: Those without a prediction.
        p95_ms: 95 of 100 answers came within so many milliseconds, to the next one.
        rate: Requests per second.
    """

    requests: int
    failures: int
    p95_ms: float
    rate: float


def run(root: Path) -> str:
    """Press on the service, and hold it to the objective.

    Returns:
        Requests, failures and the 95th percentile, in words.

    Raises:
        ProjectError: The objective is missed; by how much.
    """
    most = objective(root)
    with running() as service:
        load = press(service)
    digest = signature.load(SIGNATURE).model_sha256
    told = {"requests": load.requests, "failures": load.failures, "p95_ms": load.p95_ms}
    facts.tell({**told, "model_sha256": digest, "requests_per_second": round(load.rate)})
    words = (
        f"{load.requests} requests, {load.rate:.0f} a second: {load.failures} failed, p95 {load.p95_ms:g} ms "
        f"of {most:g} (golden-path.yaml: slo.latency_p95_ms), model {digest[:12]}"
    )
    if load.requests < LEAST_REQUESTS or load.failures > load.requests * MOST_FAILED or load.p95_ms > most:
        raise ProjectError(f"{words}. Want {LEAST_REQUESTS} requests, and {MOST_FAILED:.0%} failed at most.")
    return f"{words}."


def objective(root: Path) -> float:
    """The 95th percentile that was agreed on, milliseconds.

    Raises:
        ProjectError: There is none.
    """
    return manifest.required(manifest.load(root).slo.latency_p95_ms, "slo.latency_p95_ms", "100")


def press(service: LocalService) -> Load:
    """Send requests for a while, as the locustfile says.

    Raises:
        ProjectError: Locust did not run.
    """
    words = ("--headless", "--only-summary", "--json", "--loglevel", "WARNING", "--exit-code-on-error", "0")
    users = ("--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", f"{SECONDS}s")
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *words, *users, "--host", service.url]
    row = json.dumps(example_row(contract.load()), default=str)
    done = subprocess.run(
        command, env=os.environ | {"LOAD_KEY": service.key, "LOAD_ROW": row}, capture_output=True, text=True
    )
    try:
        [answers] = [item for item in json.loads(done.stdout) if item["name"] == "/predict"]
        return summary(answers)
    except (ValueError, KeyError, TypeError) as error:
        said = done.stderr.strip().splitlines()[-3:]
        raise ProjectError(f"Locust told nothing of /predict ({error}). It said: {' '.join(said)}") from error


def summary(answers: Mapping[str, Any]) -> Load:
    """Locust's statistics of one route in short.

    Args:
        answers: With ``response_times``, how many answers took how many milliseconds.
    """
    times = sorted((float(taken), int(number)) for taken, number in answers["response_times"].items())
    total, seen, p95 = sum(number for _, number in times), 0, 0.0
    for taken, number in times:
        seen, p95 = seen + number, taken
        if seen >= 0.95 * total:
            break
    seconds = max(float(answers["last_request_timestamp"]) - float(answers["start_time"]), 1e-9)
    sent = int(answers["num_requests"])
    # Locust counts whole milliseconds, so less than half of one looks like none.
    return Load(sent, int(answers["num_failures"]), max(p95, 1.0), sent / seconds)
