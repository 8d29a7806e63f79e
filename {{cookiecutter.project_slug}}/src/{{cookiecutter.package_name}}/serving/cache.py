"""Answers that were given before: by model and features, in this process or in Redis.

Off where nothing is said. Of the sample's model a look-up in this process takes a fifth of the time of a prediction, so
it pays once a quarter of the rows come again, which flights do not; a look-up in Redis takes four times as long as a
prediction, and pays only for models that are far larger.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, Protocol

from ..errors import ProjectError

MOST_ENTRIES = 100_000
"""Of the cache in this process: some ten megabytes."""
KEPT_SECONDS = 3600
"""How long Redis keeps an answer."""
PATIENCE_SECONDS = 0.02
"""How long Redis may take to answer; the model takes less."""
MOST_FAILURES = 3
"""In a row; then Redis is left alone."""
REST_SECONDS = 5.0
"""For how long."""


class CacheError(ProjectError):
    """The setting CACHE cannot be used."""


class Cache(Protocol):
    """Bytes by key; whatever goes wrong behind it is a miss."""

    def get(self, key: str) -> bytes | None:
        """What was put under a key; None where nothing is known."""
        ...

    def put(self, key: str, value: bytes) -> None:
        """Remember something for a while."""
        ...


class Keys:
    """Keys of one model's answers. Another model, another order of columns or another value gives another key."""

    def __init__(self, model: str, names: Sequence[str]) -> None:
        """Prepare.

        Args:
            model: SHA-256 of the model file.
            names: The model's input columns.
        """
        self._model, self._names = model, sorted(names)

    def of(self, row: Mapping[str, Any]) -> str:
        """The key of a row: 7 and 7.0 are one value, as they are to the model; a missing value is None."""
        values = [_canonical(row.get(name)) for name in self._names]
        text = json.dumps([self._names, values], separators=(",", ":"), default=str)
        return f"{self._model}:{hashlib.sha256(text.encode()).hexdigest()}"


class NoCache:
    """Remembers nothing."""

    def get(self, key: str) -> bytes | None:  # noqa: ARG002  # as of every cache
        """Nothing."""
        return None

    def put(self, key: str, value: bytes) -> None:
        """Do nothing."""


class MemoryCache:
    """The answers that were asked for last, in this process. Safe to share between threads."""

    def __init__(self, count: Callable[[str], None], most_entries: int = MOST_ENTRIES) -> None:
        self._count, self._most = count, most_entries
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> bytes | None:
        """See :class:`Cache`."""
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
        self._count("miss" if found is None else "hit")
        return found

    def put(self, key: str, value: bytes) -> None:
        """See :class:`Cache`."""
        with self._lock:
            self._held[key] = value
            self._held.move_to_end(key)
            if len(self._held) > self._most:
                self._held.popitem(last=False)


class RedisCache:
    """Answers that several processes share. After a few failures Redis is left alone for a while."""

    def __init__(self, url: str, count: Callable[[str], None], kept_seconds: int = KEPT_SECONDS) -> None:
        """Prepare; nothing is connected yet.

        Raises:
            CacheError: The URL is none of Redis.
        """
        self._count, self._kept = count, kept_seconds
        self._failures, self._rest_until = 0, 0.0
        import redis  # here, so that a service without it starts sooner

        self._faults = (redis.RedisError, OSError)
        try:
            self._redis: Any = redis.Redis.from_url(
                url,
                protocol=2,
                socket_timeout=PATIENCE_SECONDS,
                socket_connect_timeout=PATIENCE_SECONDS,
                retry=None,
                retry_on_timeout=False,
            )
        except ValueError as error:
            raise CacheError(f"CACHE={url}: {error}") from error

    def get(self, key: str) -> bytes | None:
        """See :class:`Cache`."""
        found = self._try(lambda: self._redis.get(f"answer:{key}"))
        if found is not None:
            self._count("hit")
            return bytes(found)
        if not self._failures:
            self._count("miss")
        return None

    def put(self, key: str, value: bytes) -> None:
        """See :class:`Cache`."""
        self._try(lambda: self._redis.set(f"answer:{key}", value, ex=self._kept))

    def _try(self, action: Callable[[], Any]) -> Any:
        if self._rest_until > time.monotonic():
            return None
        try:
            found = action()
        except self._faults:
            self._failures += 1
            self._count("error")
            if self._failures >= MOST_FAILURES:
                self._rest_until = time.monotonic() + REST_SECONDS
            return None
        self._failures = 0
        return found


def create(setting: str, count: Callable[[str], None]) -> Cache:
    """The cache that CACHE asks for: ``off`` (also where it is empty), ``memory``, or the URL of a Redis server.

    Args:
        setting: The value of CACHE.
        count: Is told ``hit``, ``miss`` or ``error`` of every look-up.

    Raises:
        CacheError: It is none of these.
    """
    if setting in ("", "off"):
        return NoCache()
    if setting == "memory":
        return MemoryCache(count)
    if setting.startswith(("redis://", "rediss://", "unix://")):
        return RedisCache(setting, count)
    raise CacheError(f"CACHE={setting}: want off, memory, or redis://host:port/0.")


def _canonical(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        return None if value != value else int(value) if value.is_integer() else value
    return value
