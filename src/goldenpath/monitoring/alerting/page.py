"""Send an alert the whole way to a person, and wait until they answer: ``make test-page RECEIVER=page``.

The page carries a code that is printed nowhere else. Whoever silences the alert by that code, under their name, has
read the page: that silence is the acknowledgement.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from goldenpath.monitoring.alerting import programs
from goldenpath.project.errors import ProjectError
from goldenpath.repository import facts

NAME = "TestPage"
ENVIRONMENT = "prod"
"""The environment of the test: where the routes wake somebody."""
SEVERITIES = ("page", "ticket")
POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Answer:
    """Who acknowledged a page.

    Attributes:
        by: The name under which the silence was made.
        when: When.
    """

    by: str
    when: datetime


def main() -> int:
    """Send the page and wait for its answer.

    Returns:
        0 where somebody acknowledged it, else 1; the reason went to standard error.
    """
    receiver = os.environ.get("PAGE_RECEIVER", "").strip()
    url = os.environ.get("PAGE_ALERTMANAGER", "").strip() or "http://127.0.0.1:9093"
    try:
        patience = float(os.environ.get("PAGE_SECONDS_TO_WAIT", "").strip() or 900)
        programs.require("amtool")
        labels = _labels(receiver, url)
        sent = datetime.now(UTC)
        send(url, labels, sent + timedelta(seconds=patience))
        print(f"Sent {NAME} to {receiver}. It says how to acknowledge it; waiting for {patience:.0f} s.", flush=True)
        answer = wait(url, labels["code"], patience)
        send(url, labels, datetime.now(UTC))
    except (ProjectError, OSError, ValueError, KeyError) as refusal:
        print(f"test-page failed.\n{refusal}", file=sys.stderr)
        return 1
    if answer is None:
        print(f"test-page failed.\nNobody acknowledged the page to {receiver} in {patience:.0f} s.", file=sys.stderr)
        print("Alertmanager's log says whether it was delivered; if it was, ask who is on call.", file=sys.stderr)
        return 1
    facts.tell(
        {"receiver": receiver, "sent": sent.isoformat(), "acknowledged": answer.when.isoformat(), "by": answer.by}
    )
    print(f"{answer.by} acknowledged it after {(answer.when - sent).total_seconds():.0f} s.")
    return 0


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


def wait(url: str, code: str, patience: float) -> Answer | None:
    """Wait for a silence by the code of a page; None where there was none for ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while True:
        for silence in json.loads(_amtool(url, "silence", "query", "--output=json")):
            if answer := _answered(silence, code):
                return answer
        if time.monotonic() > deadline:
            return None
        time.sleep(POLL_SECONDS)


def _answered(silence: Mapping[str, Any], code: str) -> Answer | None:
    by_code = any(item["name"] == "code" and item["value"] == code for item in silence["matchers"])
    if not by_code or not silence["createdBy"].strip():
        return None
    return Answer(silence["createdBy"].strip(), datetime.fromisoformat(silence["startsAt"]))


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
        raise ProjectError(f"RECEIVER={receiver}: the Alertmanager at {url} sends alerts to {' or '.join(known)}.")
    return known[receiver] | {"owner": _owner(), "code": secrets.token_hex(4)}


def _owner() -> str:
    return str(yaml.safe_load(Path("golden-path.yaml").read_text(encoding="utf-8"))["product"]["owner"])


def _amtool(url: str, *words: str) -> str:
    done = programs.run("amtool", f"--alertmanager.url={url}", "--no-version-check", *words)
    if done.returncode:
        said = (done.stdout.strip().splitlines() or ["it gave no reason"])[-1]
        raise ProjectError(f"Alertmanager at {url}: {said}\nName another: ALERTMANAGER=http://…")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
