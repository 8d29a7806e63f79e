"""Ask what was deployed whether it is what was promoted: ``goldenpath smoke staging https://…``.

Machines take their time to run what git tells them, and a canary takes longer: the service is asked until the promoted
model has answered many times in a row, or the time is up. Where it asks who is there, the environment's SERVICE_KEY or
SERVICE_TOKEN tells it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from goldenpath.delivery import desired_state, registry
from goldenpath.project import contract
from goldenpath.project.errors import ProjectError
from goldenpath.serving.rest.request import example_row

STEADY = 20
"""Answers in a row: with a quarter of them by another model, that many come by chance once in 300 times."""
PAUSE = 1.0
"""Seconds between two rounds that did not succeed."""
PATIENCE = 5.0
"""Seconds to wait for one answer."""


def smoke(root: Path, environment: str, url: str, seconds: float) -> str:
    """Wait until the promoted model answers, every time.

    Args:
        root: The project's folder.
        environment: One of the manifest's environments.
        url: Where it answers, without a path.
        seconds: How long to wait.

    Returns:
        What was seen.

    Raises:
        ProjectError: Nothing was promoted, the address is none, or the promoted model does not answer in time.
    """
    desired_state.check_environment(root, environment)
    state = desired_state.read(root, environment)
    if state.is_empty:
        raise ProjectError(f"{environment}: nothing was promoted there. See: goldenpath status")
    wanted = registry.by_tag(root, state.model).model_sha256
    if not wanted:
        raise ProjectError(f"{state.model}: its tag names no digest of a model, so no answer can be told from another.")
    seen = answers(url, wanted, example_row(contract.load(root / contract.PATH)), seconds)
    return f"{environment} answers by {state.model} at {url}: {seen} times in a row"


def answers(
    url: str, model_sha256: str, row: dict[str, Any], seconds: float, has_ended: Callable[[], bool] = lambda: False
) -> int:
    """Ask for predictions until a model has given ``STEADY`` of them in a row.

    Args:
        url: Where the service answers, without a path.
        model_sha256: The digest that the answers must name.
        row: What is asked.
        seconds: How long to try.
        has_ended: Tells that waiting is in vain; asked after each round that did not succeed.

    Raises:
        ProjectError: The address is none, it has ended, or time is up; with what came last.
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise ProjectError(
            f"{url} is not a valid URL: want the address of the service, such as https://model.example.com"
        )
    deadline = time.monotonic() + seconds
    steady, last = 0, "it was never asked"
    while steady < STEADY:
        if time.monotonic() > deadline:
            raise ProjectError(f"{url} does not answer by the promoted model after {seconds:g} s; last, {last}.")
        try:
            found = str(_ask(url, row).get("model", ""))
            steady = steady + 1 if found == model_sha256 else 0
            last = f"the model {found[:12] or '(none)'} answered, wanted is {model_sha256[:12]}"
        except (URLError, OSError, ValueError) as error:
            steady, last = 0, str(error)
        if not steady:
            if has_ended():
                raise ProjectError("It has ended.")
            time.sleep(min(PAUSE, max(0.0, deadline - time.monotonic())))
    return steady


def _ask(url: str, row: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(row, default=str).encode()
    headers = {"Content-Type": "application/json"} | _credentials()
    request = Request(f"{url.rstrip('/')}/predict", body, headers)  # noqa: S310  # checked
    with urlopen(request, timeout=PATIENCE) as response:  # noqa: S310  # as above
        answer = json.load(response)
    return answer if isinstance(answer, dict) else {}


def _credentials() -> dict[str, str]:
    """What the environment gives to show the service who asks: a key, or a token."""
    key, token = os.environ.get("SERVICE_KEY", ""), os.environ.get("SERVICE_TOKEN", "")
    return {"X-API-Key": key} if key else {"Authorization": f"Bearer {token}"} if token else {}
