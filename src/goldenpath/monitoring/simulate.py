"""Play a month of the source against a running service, many times faster than life.

Rows are asked about one by one, in the order of their time. The label of each comes as much later as
``golden-path.yaml: kpi.label_lag_days`` says, on the same clock, into a file that `goldenpath labels` takes. The
service logs and counts what it would in production, so everything that watches it can be seen at work.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from goldenpath.project import contract, manifest, params, team
from goldenpath.project.contract import Column, Contract
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import SIGNATURE, SPLIT_REPORT
from goldenpath.tables import months
from goldenpath.tables.validation import in_type

LABELS = Path("logs")
SPEED = 43_200.0
"""Times as fast as life: a month in a minute."""
PATIENCE = 10.0
"""Seconds to wait for one response."""
TRIES = 5
"""How often a request is sent that the service has no room for."""
KNOWN_SHARE = 0.01
"""Of the month, as rows that the model has learned from: fewer are the few hours by which time zones differ."""
TIME_FORMATS = {"timestamp": "%Y-%m-%dT%H:%M:%SZ", "date": "%Y-%m-%d"}

OK, NO_ROOM, NOT_TOLD, FORBIDDEN, INVALID = 200, 503, 401, 403, 422


@dataclass(frozen=True)
class Playback:
    """What to play.

    Attributes:
        url: The address of the service, without a path.
        month: Which month, ``YYYY-MM``; the newest whole one where it is empty.
        speed: Times as fast as life.
        rows: Most rows, evenly spread over the month; None for all.
        key: What the service knows the caller by; empty for none.
    """

    url: str = "http://127.0.0.1:8000"
    month: str = ""
    speed: float = SPEED
    rows: int | None = None
    key: str = ""


@dataclass(frozen=True)
class Row:
    """One row of the month.

    Attributes:
        timestamp: When it happened.
        inputs: What is playback.
        label: What came true; None where that never became known.
    """

    timestamp: datetime
    inputs: Mapping[str, Any]
    label: Any


@dataclass
class Done:
    """What was done.

    Attributes:
        answered: Predictions that were received.
        refused: Requests that the service refused, as rows that break the contract.
        labels: Labels that were written.
        models: Predictions by model.
        reason: Why the first request was refused.
    """

    answered: int = 0
    refused: int = 0
    labels: int = 0
    models: dict[str, int] = field(default_factory=dict)
    reason: str = ""


class Caller:
    """A caller of the service, on one connection."""

    def __init__(self, playback: Playback) -> None:
        """Look at the address; nothing is sent yet.

        Raises:
            ProjectError: It is none.
        """
        parts = urlsplit(playback.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ProjectError(f"--url {playback.url}: want the address of the service, such as http://127.0.0.1:8000")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=PATIENCE)
        self._url, self._path = playback.url, parts.path.rstrip("/")
        self._headers = {"X-API-Key": playback.key} if playback.key else {}

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def get(self, path: str) -> Any:
        """The JSON at a path.

        Raises:
            ProjectError: It is not given.
        """
        status, _, content = self._send("GET", path, None, {})
        if status != OK:
            raise self._refusal(status, path)
        return json.loads(content)

    def predict(self, row: Mapping[str, Any], request: str) -> tuple[int, str, Any]:
        """Ask about one row.

        Args:
            row: The row.
            request: The request's id, which the prediction log keeps.

        Returns:
            Status, the prediction's id, and the content of the response.

        Raises:
            ProjectError: The service cannot be reached, does not know the caller, has no room for long, or fails.
        """
        headers = {"Content-Type": "application/json", "X-Request-ID": request}
        body = json.dumps(row)
        for _ in range(TRIES):
            status, response, content = self._send("POST", "/predict", body, headers)
            if status != NO_ROOM:
                break
            time.sleep(float(response.getheader("Retry-After") or 1))
        if status not in (OK, INVALID):
            raise self._refusal(status, "/predict")
        return status, response.getheader("X-Prediction-ID") or "", json.loads(content)

    def _send(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str]
    ) -> tuple[int, HTTPResponse, bytes]:
        for is_last in (False, True):  # a connection that was kept may have been closed meanwhile
            try:
                self._connection.request(method, self._path + path, body, {**self._headers, **headers})
                response = self._connection.getresponse()
                return response.status, response, response.read()
            except (OSError, HTTPException) as error:
                self._connection.close()
                if is_last:
                    raise ProjectError(
                        f"No service responds at {self._url}: {error}. Start one in another terminal: "
                        "PREDICTION_LOG=logs/predictions make serve"
                    ) from error
        raise AssertionError("not reached")

    def _refusal(self, status: int, path: str) -> ProjectError:
        if status in (NOT_TOLD, FORBIDDEN):
            return ProjectError(
                f"{self._url} does not know the caller ({status}). Give SERVICE_KEY in the environment."
            )
        return ProjectError(f"{self._url}{path} responds with {status}; the service's log tells why.")


def rows_of(raw: pd.DataFrame, times: pd.Series, agreed: Contract, taken: set[str]) -> Iterator[Row]:
    """Raw rows as they are asked about, in the order of their time.

    Args:
        raw: Rows under the contract's physical names.
        times: When each happened.
        agreed: The contract.
        taken: The columns that the service takes.
    """
    order = times.sort_values(kind="stable").index
    raw, times = raw.loc[order], times.loc[order]
    wanted = [column for column in agreed if column.name in taken and column.physical_name in raw]
    inputs = {column.name: _plain(column, raw[column.physical_name]) for column in wanted}
    target = agreed.target
    labels = _plain(target, raw[target.physical_name])
    for timestamp, label, values in zip(times, labels, zip(*inputs.values(), strict=True), strict=True):
        yield Row(timestamp.to_pydatetime(), dict(zip(inputs, values, strict=True)), label)


def spread(raw: pd.DataFrame, times: pd.Series, most: int | None) -> pd.DataFrame:
    """At most so many rows, evenly spread over the order of their time."""
    if most is None or most >= len(raw):
        return raw
    order = times.sort_values(kind="stable").index
    return raw.loc[[order[place * len(order) // most] for place in range(most)]]


def play(rows: list[Row], caller: Caller, lag: timedelta, speed: float, file: IO[str], bar: Progress) -> Done:
    """Ask about each row when its time has come, and write each label when its time has come.

    Args:
        rows: In the order of their time.
        caller: Who asks.
        lag: How much later the label comes.
        speed: Times as fast as life; where the service is slower, it is asked as fast as it responds.
        file: Where the labels go, as CSV.
        bar: What shows how far it is.
    """
    done, waiting = Done(), deque[tuple[datetime, str, Any]]()
    written = csv.writer(file)
    begun, first = time.monotonic(), rows[0].timestamp
    task = bar.add_task("", total=len(rows), day=f"{first:%Y-%m-%d}")

    def wait_until(timestamp: datetime) -> None:
        time.sleep(max(0.0, (timestamp - first).total_seconds() / speed - (time.monotonic() - begun)))

    def tell(now: datetime | None) -> None:
        while waiting and (now is None or waiting[0][0] <= now):
            timestamp, name, label = waiting.popleft()
            if now is None:
                wait_until(timestamp)
            written.writerow([name, label])
            file.flush()
            done.labels += 1

    for place, row in enumerate(rows):
        wait_until(row.timestamp)
        status, name, response = caller.predict(row.inputs, f"{row.timestamp:%Y-%m-%dT%H:%M:%SZ}/{place}")
        if status == OK:
            done.answered += 1
            done.models[response["model"]] = done.models.get(response["model"], 0) + 1
            if row.label is not None:
                waiting.append((row.timestamp + lag, name, row.label))
        else:
            done.refused += 1
            done.reason = done.reason or str(response["errors"][0]["message"])
        tell(row.timestamp)
        bar.update(task, advance=1, day=f"{row.timestamp:%Y-%m-%d}")
    tell(None)
    return done


def known(times: pd.Series, running: str) -> str:
    """What the model that serves has seen of these rows, in words; empty where it has seen none to speak of.

    Args:
        times: When the rows happened.
        running: SHA-256 of that model.
    """
    if not (SIGNATURE.is_file() and SPLIT_REPORT.is_file()):
        return ""
    parts = json.loads(SPLIT_REPORT.read_text(encoding="utf-8"))
    if json.loads(SIGNATURE.read_text(encoding="utf-8"))["model_sha256"] != running or "to" not in parts["train"]:
        return ""
    learned = max(pd.Timestamp(parts[part]["to"]) for part in ("train", "validation"))
    judged = pd.Timestamp(parts["test"]["to"])
    words = ""
    if (share := float((times <= learned).mean())) > KNOWN_SHARE:
        words = f"The model may have learned from {share:.0%} of these rows (up to {learned:%Y-%m-%d})"
    elif (share := float((times <= judged).mean())) > KNOWN_SHARE:
        words = (
            f"The model was judged by {share:.0%} of these rows (up to {judged:%Y-%m-%d}), which drift is measured by"
        )
    return words and (
        f"{words}: known rows do not show how the model does on new ones. To hold months back, set data.through in "
        f"{params.PATH} to the last one to learn from, `make run`, and restart the service."
    )


def label_lag(root: Path = Path()) -> timedelta:
    """How much later the label comes, as the product manifest says; immediately where it says nothing.

    Raises:
        ProjectError: It says something that is no number of days.
    """
    return timedelta(days=manifest.load(root).kpi.label_lag_days if (root / manifest.PATH).is_file() else 0)


def run(playback: Playback) -> int:
    """Play a month, and print what was done and what can be done next."""
    agreed, settings = contract.load(), params.load()
    raw = team.load_rows(settings.model_copy(update={"data": settings.data.model_copy(update={"through": None})}))
    times = months.timestamps(raw, agreed)
    counts = months.counted(times)
    month = playback.month or months.newest_whole(counts)
    months.refuse_unknown(month, counts, "MONTH")
    raw = raw[months.of(times) == month]
    raw = spread(raw, times.loc[raw.index], playback.rows)
    times = times.loc[raw.index]
    lag = label_lag()
    with closing(Caller(playback)) as caller:
        running = str(caller.get("/model")["model_sha256"])
        rows = list(rows_of(raw, times, agreed, _taken(caller.get("/openapi.json"), agreed)))
        warning = known(times, running)
        file = LABELS / f"labels-{month}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        print(f"{month}: {len(rows):,} rows, {playback.speed:,.0f} times as fast as life, against {playback.url}.")
        if warning:
            print(warning)
        sys.stdout.flush()
        started, clock = datetime.now(UTC), time.monotonic()
        with file.open("w", encoding="utf-8", newline="") as text, _progress() as bar:
            csv.writer(text).writerow(["id", agreed.target.name])
            done = play(rows, caller, lag, playback.speed, text, bar)
    print(_told(done, file, lag, time.monotonic() - clock))
    print(
        f"Next:\n  goldenpath drift --since {started:%Y-%m-%dT%H:%M:%SZ}\n  goldenpath labels {file}\n"
        "  goldenpath retrain check",
    )
    return 0 if done.answered else 1


def _told(done: Done, file: Path, lag: timedelta, seconds: float) -> str:
    words = [f"{done.answered:,} predictions in {seconds:.0f} s"]
    words += [f"{count:,} by model {model[:12]}" for model, count in done.models.items()]
    words.append(f"{done.labels:,} labels, {lag.total_seconds() / 86_400:g} days later each, in {file}")
    if done.refused:
        words.append(f"{done.refused:,} rows refused, the first: {done.reason}")
    return "; ".join(words) + "."


def _taken(document: Mapping[str, Any], agreed: Contract) -> set[str]:
    """The columns that the service takes, by its own document: the inputs, and perhaps whom a row is about."""
    features = {column.name for column in agreed.features}
    schemas = document["components"]["schemas"].values()
    found = [set(schema["properties"]) for schema in schemas if features <= set(schema.get("properties", ()))]
    if not found:
        raise ProjectError("The service takes other rows than contract.yaml describes. Restart it.")
    return set.union(*found)


def _plain(column: Column, raw: pd.Series) -> list[Any]:
    """Values in the column's type as JSON holds them; None where missing."""
    values = in_type(column, raw)
    if column.type in TIME_FORMATS:
        values = values.dt.strftime(TIME_FORMATS[column.type])
    return [None if pd.isna(value) else value for value in values.astype(object)]


def _progress() -> Progress:
    columns = TextColumn("{task.fields[day]}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=Console(stderr=True))
