"""The prediction log: every answer, with what it was asked and which model gave it, as JSON lines.

What is appended waits in memory until a thread of the log's own writes it and has the disk confirm it (``fsync``), at
most ``window_seconds`` after the first record that waits. So an answer that nobody waited for (REST) may be missing
from the log when the process is killed within that window; what was written survives a kill at once, and a loss of
power as soon as the disk has confirmed. Whoever must not lose a record (events) calls :meth:`PredictionLog.sync` first.

The segment that is being written is locked (``flock``), also across kills: what can be locked is closed for good.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic_core import to_json

from goldenpath.model.features import as_category
from goldenpath.project.contract import Contract
from goldenpath.project.errors import ProjectError

Mode = Literal["rest", "batch", "events"]
Keeping = Literal["plain", "hashed", "left out"]

MIB = 1 << 20
MOST_UNWRITTEN = 100_000
"""Records that may wait for the disk: about 100 MB, and some ten seconds of a busy service."""
RETRY_SECONDS = 0.5
"""How long a write that failed waits until it is tried again."""
BATCH_RECORDS = 10_000
"""Records of one write; more would only need memory."""


class LogError(ProjectError):
    """The prediction log cannot be written."""


class LogFullError(LogError):
    """So many records wait for the disk that no more are taken."""


class LogEndedError(LogFullError):
    """The thread that writes has ended before its time: nothing will be written any more."""


@dataclass(frozen=True)
class Record:
    """One answer.

    Attributes:
        id: The answer's own id; two records of one id are one answer that was written twice.
        request: Id of the request, event or batch run that asked.
        time: When it was given.
        mode: By which way it was asked.
        variant: The variant that answered, such as ``champion``.
        model: SHA-256 of the model file.
        inputs: Values of the model's input columns.
        decision: See :class:`~..model.predictor.Prediction`.
        score: Likewise.
        latency_ms: How long the answer took, milliseconds.
        entity: Whom the row is about, where that is known.
    """

    id: str
    request: str
    time: datetime
    mode: Mode
    variant: str
    model: str
    inputs: Mapping[str, Any]
    decision: Any
    score: float
    latency_ms: float
    entity: Any = None


class Privacy:
    """What the log may keep of each column, by the class that the contract gives it.

    ``public`` and ``internal`` columns are kept as they are. ``confidential`` ones are kept as an HMAC-SHA256 of their
    text, so that the same value can be found again by whoever has the key; without a key they are left out.
    ``restricted`` ones are always left out.
    """

    def __init__(self, agreed: Contract, key: bytes | None) -> None:
        self._key = key
        self._keeping = {column.name: _keeping(column.classification, key) for column in agreed}
        self._entity = self._keeping[agreed.entity.name] if agreed.entity else "plain"
        self._is_open = all(keeping == "plain" for keeping in self._keeping.values())

    def of(self, column: str) -> Keeping:
        """What is kept of a column's values."""
        return self._keeping.get(column, "plain")

    @property
    def of_entity(self) -> Keeping:
        """What is kept of whom a row is about."""
        return self._entity

    def hashed(self, value: Any) -> str | None:
        """The HMAC-SHA256 of a value's text, in hexadecimal; a missing value stays missing.

        Raises:
            LogError: There is no key.
        """
        if self._key is None:
            raise LogError("No key to hash with. Set PREDICTION_LOG_KEY_FILE.")
        if value is None or value != value:
            return None
        text = as_category(value).encode(errors="replace")  # half a character has no bytes
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()

    def inputs(self, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is kept of the values of one row."""
        if self._is_open:
            return inputs
        kept = {name: value for name, value in inputs.items() if self.of(name) != "left out"}
        return {name: self.hashed(value) if self.of(name) == "hashed" else value for name, value in kept.items()}

    def entity(self, value: Any) -> Any:
        """What is kept of whom a row is about."""
        if self._entity == "left out":
            return None
        return self.hashed(value) if self._entity == "hashed" else value


class PredictionLog:
    """The log in a folder. Safe to share between threads."""

    def __init__(
        self,
        folder: Path,
        agreed: Contract,
        *,
        window_seconds: float = 0.05,
        segment_bytes: int = 64 * MIB,
        segment_seconds: float = 3600,
        key: bytes | None = None,
        most_unwritten: int = MOST_UNWRITTEN,
    ) -> None:
        """Make the folder where it is missing, and start the thread that writes.

        Args:
            folder: Where the segments go, ``<utc time>-<host>-<pid>-<n>.jsonl``.
            agreed: The contract, which says what may be kept of each column.
            window_seconds: How long a record may wait before it is written.
            segment_bytes: A segment that has grown to this is closed.
            segment_seconds: A segment that was opened so long ago is closed before the next record.
            key: Key of the hashes of confidential columns.
            most_unwritten: Records that may wait for the disk.

        Raises:
            LogError: The folder cannot be made or written to.
        """
        self._folder = folder
        self._privacy = Privacy(agreed, key)
        self._timestamps = [column.name for column in agreed.features if column.type == "timestamp"]
        self._window = window_seconds
        self._segment_bytes, self._segment_seconds = segment_bytes, segment_seconds
        self._most_unwritten = most_unwritten
        self._segment: _Segment | None = None
        self._number = 0
        self._state = threading.Condition()
        self._waiting: deque[Record] = deque()
        self._oldest = 0.0
        self._appended = self._settled = 0
        self._is_hurried = self._is_closing = False
        self._failures, self._failed, self._complaint = 0, False, ""
        self._ended = ""
        self.written = 0
        """Records that are on the disk."""
        self.lost = 0
        """Records that were refused, or given up at the end."""
        self.errors = 0
        """Writes that failed; each is tried again."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._segment = self._open()
        except OSError as error:
            raise LogError(
                f"{folder}: the prediction log cannot be written there: {error.strerror}. Set PREDICTION_LOG to a "
                "folder that can be written to."
            ) from error
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)
        self._thread.start()

    @property
    def unwritten(self) -> int:
        """Records that wait for the disk."""
        return self._appended - self._settled

    @property
    def has_ended(self) -> bool:
        """Whether nothing will be written any more; only a new process helps."""
        return bool(self._ended)

    def append(self, record: Record) -> None:
        """Take a record, to be written soon; never waits for the disk.

        Raises:
            LogFullError: So many records wait that no more are taken; the caller should refuse work for a while.
        """
        self.append_all((record,))

    def append_all(self, records: Sequence[Record]) -> None:
        """Take records, all or none; see :meth:`append`.

        Raises:
            LogFullError: So many records wait that these have no room.
        """
        with self._state:
            if self._ended:
                self.lost += len(records)
                raise LogEndedError(self._ended)
            if self._is_closing or self.unwritten + len(records) > self._most_unwritten:
                self.lost += len(records)
                raise LogFullError(f"{self._folder}: {self.unwritten} predictions wait to be logged. {self._complaint}")
            if not self._waiting:
                self._oldest = time.monotonic()
                self._state.notify_all()
            self._waiting.extend(records)
            self._appended += len(records)

    def sync(self) -> None:
        """Return once everything that was appended so far is on the disk.

        Raises:
            LogEndedError: It never will be.
            LogError: It cannot be written now. It stays in memory and is tried again.
        """
        with self._state:
            aim, failures = self._appended, self._failures
            while self._settled < aim:
                if self._ended:
                    raise LogEndedError(self._ended)
                self._is_hurried = True
                self._state.notify_all()
                self._state.wait()
                if self._settled < aim and (self._failures > failures or self._is_closing):
                    raise LogError(f"{self._folder}: predictions cannot be logged. {self._complaint}")

    def close(self) -> None:
        """Write what waits, and end. What cannot be written now is lost, and counted."""
        with self._state:
            self._is_closing = True
            self._state.notify_all()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._write_all()
        except BaseException as error:  # whatever it was: nobody may wait for a thread that is no more
            with self._state:
                self.lost += self.unwritten
                self._ended = (
                    f"{self._folder}: the prediction log has ended, with {self.unwritten} predictions unwritten: "
                    f"{error!r}. Start the process again."
                )
                self._state.notify_all()
            print(self._ended, file=sys.stderr)

    def _write_all(self) -> None:
        while self._await_work():
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_RECORDS))]
            is_written = self._write(batch)
            with self._state:
                if is_written:
                    self._settled += len(batch)
                    self.written += len(batch)
                else:
                    self._waiting.extendleft(reversed(batch))
                    self._failures += 1
                self._is_hurried = self._is_hurried and bool(self._waiting) and is_written
                self._state.notify_all()
                if not is_written and self._is_closing:
                    break
        with self._state:
            self.lost += len(self._waiting)
            self._state.notify_all()
        if self._segment:
            self._segment.close()

    def _await_work(self) -> bool:
        """Wait until there is something to write and it is time to; false when nothing will come any more."""
        with self._state:
            self._state.wait_for(lambda: self._waiting or self._is_closing)
            pause = RETRY_SECONDS if self._failed else self._oldest + self._window - time.monotonic()
            if pause > 0:
                self._state.wait_for(lambda: self._is_hurried or self._is_closing, pause)
            return bool(self._waiting)

    def _write(self, batch: list[Record]) -> bool:
        try:
            if self._segment is None or self._segment.is_done(self._segment_bytes, self._segment_seconds):
                if self._segment:
                    self._segment.close()
                self._segment = None  # where the next cannot be opened, this one stays closed
                self._segment = self._open()
            self._segment.write(b"".join(map(self._line, batch)))
        except OSError as error:
            self.errors += 1
            self._complaint = f"The disk says: {error.strerror}. Free space, or set PREDICTION_LOG to another folder."
            if not self._failed:
                print(f"{self._folder}: predictions wait to be logged. {self._complaint}", file=sys.stderr)
            self._failed = True
            return False
        if self._failed:
            print(f"{self._folder}: predictions are logged again.", file=sys.stderr)
        self._failed, self._complaint = False, ""
        return True

    def _open(self) -> _Segment:
        self._number += 1
        host = re.sub(r"[^A-Za-z0-9.]+", "_", socket.gethostname())
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{host}-{os.getpid()}-{self._number}.jsonl"
        return _Segment(self._folder / name)

    def _line(self, record: Record) -> bytes:
        inputs = dict(self._privacy.inputs(record.inputs))
        for name in self._timestamps:
            if name in inputs:
                inputs[name] = _plain_timestamp(inputs[name])
        content = {
            "id": record.id,
            "request": record.request,
            "time": _timestamp(record.time),
            "mode": record.mode,
            "variant": record.variant,
            "model": record.model,
            "inputs": inputs,
            "decision": record.decision,
            "score": record.score,
            "latency_ms": record.latency_ms,
            "entity": _plain_timestamp(self._privacy.entity(record.entity)),
        }
        try:
            return to_json(content, inf_nan_mode="null", fallback=_plain) + b"\n"
        except ValueError:  # half a character, which JSON can escape and UTF-8 cannot hold
            text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=_plain)
            return text.encode(errors="replace") + b"\n"


class _Segment:
    """One file of the log, open and locked."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._opened = time.monotonic()
        self._length = 0
        sync_folder(path.parent)

    def is_done(self, most_bytes: int, most_seconds: float) -> bool:
        return self._length > 0 and (
            self._length >= most_bytes or time.monotonic() - self._opened >= most_seconds
        )  # an empty one is as good as a new one

    def write(self, content: bytes) -> None:
        """Write to the disk, whole or not at all."""
        try:
            done = 0
            while done < len(content):
                done += os.pwrite(self._file, content[done:], self._length + done)
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._length)
            raise
        self._length += len(content)

    def close(self) -> None:
        os.close(self._file)


def sync_folder(folder: Path) -> None:
    """Have the disk confirm which files a folder holds."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_key(path: Path | None) -> bytes | None:
    """The key of the hashes, from a file; None where no file is named.

    Raises:
        LogError: The file cannot be read, or is so short that its hashes could be guessed.
    """
    if path is None:
        return None
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise LogError(f"PREDICTION_LOG_KEY_FILE={path}: cannot be read: {error.strerror}.") from error
    if len(key) < 16:
        raise LogError(f"PREDICTION_LOG_KEY_FILE={path}: holds {len(key)} bytes, want 16 or more: openssl rand -hex 32")
    return key


def _keeping(classification: str, key: bytes | None) -> Keeping:
    if classification == "restricted" or (classification == "confidential" and key is None):
        return "left out"
    return "hashed" if classification == "confidential" else "plain"


def _timestamp(value: datetime) -> str:
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _plain_timestamp(value: Any) -> Any:
    return _timestamp(value) if isinstance(value, datetime) else value


def _plain(value: Any) -> Any:
    """What JSON has no type for, as one that it has."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, datetime):
        return _timestamp(value)
    return list(value) if isinstance(value, Iterable) else str(value)
