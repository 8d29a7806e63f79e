"""Send what runs measured to a Pushgateway.

A run that has ended cannot be scraped, and in a cluster or on a runner of CI no node exporter sees the files that it
left. A Pushgateway keeps the newest numbers of each until Prometheus asks for them.
"""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from goldenpath.monitoring import exposition
from goldenpath.project.errors import ProjectError
from goldenpath.repository import facts

REPORTS = Path("reports")
TOKEN = "PUSHGATEWAY_TOKEN"  # noqa: S105  # the name of the variable
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = 10


@dataclass(frozen=True)
class Gateway:
    """Where to push.

    Attributes:
        url: The Pushgateway's address.
        token: What a proxy in front of it wants to see; empty where there is none.
    """

    url: str
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no address, and a token that no header can carry.

        Raises:
            ProjectError: The address is none, or holds a password, which would stand in every log.
        """
        if not _is_address(self.url):
            raise ProjectError(
                "PUSHGATEWAY is not a valid URL: want http://host:9091 or https://host, without a user or password. "
                f"A token goes into {TOKEN}."
            )
        if not re.fullmatch(r"[!-~]*", self.token):
            raise ProjectError(
                f"{TOKEN} is no token: want letters, digits and signs of ASCII without blanks. Set it again; "
                "it is not shown here."
            )

    def put(self, text: bytes, product: str, job: str, environment: str) -> None:
        """Replace the numbers of one job in one environment.

        Raises:
            ProjectError: The Pushgateway cannot be reached, or does not take them.
        """
        url = f"{self.url.rstrip('/')}/metrics/job/{job}/product/{product}/environment/{environment}"
        headers = {"Content-Type": CONTENT_TYPE} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        request = urllib.request.Request(url, text, headers, method="PUT")  # noqa: S310  # checked above
        try:
            with urllib.request.urlopen(request, timeout=SECONDS):  # noqa: S310  # as above
                pass
        except urllib.error.HTTPError as refusal:
            said = " ".join(refusal.read(300).decode(errors="replace").split())
            raise ProjectError(
                f"{self.url}: did not take the metrics of {job}: {refusal.code} {said or refusal.reason}. "
                f"{_advice(refusal.code)}"
            ) from refusal
        except (OSError, HTTPException, UnicodeError) as error:
            reason = getattr(error, "reason", error)
            raise ProjectError(
                f"{self.url}: cannot be reached: {reason}. Check PUSHGATEWAY, and that this machine reaches it: "
                "a runner outside the cluster's network does not."
            ) from error


def push(gateway: Gateway, files: Sequence[Path], product: str, environment: str) -> tuple[list[str], list[str]]:
    """Send files of metrics, each as a job that has the file's name; one that is not taken keeps no other back.

    Args:
        gateway: Where to.
        files: OpenMetrics, such as ``reports/drift.prom``.
        product: The label by which rules and dashboards select.
        environment: Where what was measured runs.

    Returns:
        What was done, and what could not be.

    Raises:
        ProjectError: The environment's name cannot stand in an address.
    """
    done, refused = [], []
    where = _part("ENVIRONMENT", environment)
    for path in files:
        try:
            job = _part("The file's name", path.stem)
            text, series = _read(path)
            gateway.put(text, product, job, where)
            done.append(f"{path}: {series:,} series are at {gateway.url}, as job {job} of {where}.")
        except ProjectError as refusal:
            refused.append(str(refusal))
    return done, list(dict.fromkeys(refused))  # that it cannot be reached is said once


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # refuses what is no port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def _read(path: Path) -> tuple[bytes, int]:
    try:
        return exposition.in_text_format(path)
    except (OSError, ValueError) as error:
        raise ProjectError(f"{path}: is no file of metrics: {error}. Run the command that writes it again.") from error


def _advice(code: int) -> str:
    if code in (401, 403):
        return f"Put the token that it wants into {TOKEN}."
    if code == 400:
        return "Others may have pushed a metric of that name with another type: let one of the two be deleted there."
    return "Check that PUSHGATEWAY is the address of a Pushgateway, and no page below it."


def _part(name: str, value: str) -> str:
    """What may stand in the path of an address as it is.

    Raises:
        ProjectError: It may not.
    """
    if not re.fullmatch(r"[\w.-]+", value, re.ASCII):
        raise ProjectError(f"{name} is {value!r}, which is no label here: want letters, digits, dots and hyphens.")
    return value


def run(address: str, environment: str = "", metrics: Path | None = None) -> None:
    """Send what runs measured.

    Args:
        address: The Pushgateway's address.
        environment: Where it was measured; by the environment variable ENVIRONMENT, or dev, unless told.
        metrics: A file; all of ``reports/`` unless told.

    Raises:
        ProjectError: There is nothing to send, or the Pushgateway refused it.
    """
    sources = [metrics] if metrics else sorted(REPORTS.glob("*.prom"))
    if not sources:
        raise ProjectError(f"{REPORTS}: holds no *.prom. Run `goldenpath drift`, `labels` or `batch` first.")
    gateway = Gateway(address, os.environ.get(TOKEN, "").strip())
    done, refused = push(gateway, sources, facts.product(), environment or facts.environment())
    for line in done:
        print(line)
    if refused:
        raise ProjectError("\n".join(refused))
