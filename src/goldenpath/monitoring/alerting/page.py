"""Send an alert the whole way to a person, and wait until they acknowledge it.

The page carries a code that is printed nowhere else. Whoever silences the alert by that code, under their name, has
read the page: that silence is the acknowledgement.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from goldenpath.monitoring.alerting import programs
from goldenpath.project import manifest
from goldenpath.project.errors import ProjectError
from goldenpath.repository import facts

NAME = "TestPage"
ENVIRONMENT = "prod"
"""The environment of the test: where the routes wake somebody."""
SEVERITIES = ("page", "ticket")
POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Acknowledgement:
    """Who acknowledged a page.

    Attributes:
        by: The name under which the silence was made.
        when: When.
    """

    by: str
    when: datetime


def page(receiver: str, url: str = "http://127.0.0.1:9093", seconds: float = 900) -> None:
    """Send a test page and wait until somebody acknowledges it.

    Args:
        receiver: The receiver of ``monitoring/alertmanager`` whom it goes to, such as ``page``.
        url: Alertmanager's address.
        seconds: For how long to wait.

    Raises:
        ProjectError: Nobody acknowledged it, no alert reaches the receiver, or Alertmanager refuses.
    """
    programs.require("amtool")
    labels = _labels(receiver, url)
    sent = datetime.now(UTC)
    send(url, labels, sent + timedelta(seconds=seconds))
    print(f"Sent {NAME} to {receiver}. It says how to acknowledge it; waiting for {seconds:.0f} s.", flush=True)
    seen = wait(url, labels["code"], seconds)
    send(url, labels, datetime.now(UTC))
    if seen is None:
        raise ProjectError(
            f"Nobody acknowledged the page to {receiver} in {seconds:.0f} s.\n"
            "Alertmanager's log says whether it was delivered; if it was, ask who is on call."
        )
    facts.tell({"receiver": receiver, "sent": sent.isoformat(), "acknowledged": seen.when.isoformat(), "by": seen.by})
    print(f"{seen.by} acknowledged it after {(seen.when - sent).total_seconds():.0f} s.")


def send(url: str, labels: Mapping[str, str], end: datetime) -> None:
    """Send the alert to Alertmanager, or end it.

    Args:
        url: Alertmanager's address.
        labels: The alert's labels, the code among them.
        end: Until when it fires.

    Raises:
        ProjectError: Alertmanager did not take it.
    """
    silence = f"amtool silence add code={labels['code']} --duration=1h --author=NAME --comment=seen"
    texts = {
        "summary": "A test: somebody wants to know whether alerts reach you. Nothing is wrong.",
        "description": f"Acknowledge it under your name: {silence} --alertmanager.url={url}",
    }
    _amtool(
        url,
        *("alert", "add", *(f"{name}={json.dumps(value)}" for name, value in labels.items())),
        *(f"--annotation={name}={json.dumps(value)}" for name, value in texts.items()),
        f"--end={end.isoformat(timespec='seconds')}",
    )


def wait(url: str, code: str, seconds: float) -> Acknowledgement | None:
    """Wait for a silence by the code of a page; None where there was none for as many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        for silence in json.loads(_amtool(url, "silence", "query", "--output=json")):
            if seen := _acknowledged(silence, code):
                return seen
        if time.monotonic() > deadline:
            return None
        time.sleep(POLL_SECONDS)


def _acknowledged(silence: Mapping[str, Any], code: str) -> Acknowledgement | None:
    by_code = any(item["name"] == "code" and item["value"] == code for item in silence["matchers"])
    if not by_code or not silence["createdBy"].strip():
        return None
    return Acknowledgement(silence["createdBy"].strip(), datetime.fromisoformat(silence["startsAt"]))


def _labels(receiver: str, url: str) -> dict[str, str]:
    """Labels of an alert that the running Alertmanager sends to the receiver, and to no other.

    Raises:
        ProjectError: There are none.
    """
    known = {}
    for severity in SEVERITIES:
        labels = {"alertname": NAME, "severity": severity, "environment": ENVIRONMENT, "product": facts.product()}
        words = (f"{name}={value}" for name, value in labels.items())
        known[_amtool(url, "config", "routes", "test", *words).strip()] = labels
    if receiver not in known:
        raise ProjectError(f"{receiver}: the Alertmanager at {url} sends alerts to {' or '.join(known)}.")
    return known[receiver] | {"owner": _owner(), "code": secrets.token_hex(4)}


def _owner() -> str:
    return manifest.required(manifest.load().product.owner, "product.owner", '"@your-org/your-team"')


def _amtool(url: str, *words: str) -> str:
    done = programs.run("amtool", f"--alertmanager.url={url}", "--no-version-check", *words)
    if done.returncode:
        said = (done.stdout.strip().splitlines() or ["it gave no reason"])[-1]
        raise ProjectError(f"Alertmanager at {url}: {said}\nName another: --alertmanager http://…")
    return done.stdout
