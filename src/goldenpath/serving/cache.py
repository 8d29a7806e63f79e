"""Answers that were given before: by model and features, in this process or in Redis.

In this process it saves more than it costs once an eighth of the rows come again. In Redis a look-up costs more than a
prediction of a small model does, and pays for models that are far larger; see docs/how-to/cache.md. Requests for
several rows are not looked up: the model answers rows together for little more than the look-ups would take.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from operator import itemgetter
from threading import Lock
from typing import Any

from goldenpath.model.predictor import Prediction
from goldenpath.model.signature import Signature
from goldenpath.project.contract import MOMENTS
from goldenpath.project.errors import ProjectError
from goldenpath.serving.settings import OFF, REDIS_URL

MEMORY = "memory"
SCHEMES = ("redis://", "rediss://", "unix://")
MOST_ENTRIES = 20_000
"""Of the cache in this process; docs/how-to/cache.md tells their memory."""
KEPT_SECONDS = 3600
"""How long Redis keeps an answer."""
PATIENCE_SECONDS = 0.02
"""How long Redis may take to answer a request; most models take less."""
MOST_FAILURES = 3
"""In a row; then no request asks Redis until it has answered a question that nobody waits for."""
REST_SECONDS = 5.0
"""Between such questions."""
MOST_WRITES = 64
"""Answers on their way to Redis; what comes on top is not kept."""


class CacheError(ProjectError):
    """The setting CACHE cannot be used."""


class Keys:
    """Keys of one model's answers. Another model, threshold, or value of an input has another key."""

    def __init__(self, described: Signature) -> None:
        # The same graph decides otherwise under another threshold, which only the signature tells.
        self._model = f"{described.model_sha256}:{described.sha256}"
        self._names = [column.name for column in described.inputs]
        self._values = itemgetter(*self._names)
        # Two equal timestamps in different time zones are one number, but two categories.
        self._tells_zones = any(column.is_category and column.type in MOMENTS for column in described.inputs)

    def here(self, row: Mapping[str, Any]) -> Hashable:
        """The key of a row in this process. 7 and 7.0 are one value, as they are to the model."""
        return self.anywhere(row) if self._tells_zones else (self._model, self._values(row))

    def anywhere(self, row: Mapping[str, Any]) -> str:
        """The key of a row in every process: the digests of the model, of its signature and of the values."""
        text = json.dumps([_canonical(row[name]) for name in self._names], separators=(",", ":"), default=str)
        return f"{self._model}:{hashlib.sha256(text.encode()).hexdigest()}"


class MemoryCache:
    """The answers that were asked for last, in this process. Safe to share between threads."""

    def __init__(self, count: Callable[[str], None], most_entries: int = MOST_ENTRIES) -> None:
        self._count, self._most = count, most_entries
        self._held: OrderedDict[Hashable, Prediction] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Prediction | None:
        """What was put under a key; None where nothing is known."""
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
        self._count("miss" if found is None else "hit")
        return found

    def put(self, key: Hashable, answer: Prediction) -> None:
        """Remember an answer; the one that was not asked for longest makes room."""
        with self._lock:
            self._held[key] = answer
            if len(self._held) > self._most:
                self._held.popitem(last=False)


class RedisCache:
    """Answers that several processes share; what goes wrong with Redis is a miss. Belongs to one event loop.

    A Redis that fails three times in a row is not asked by requests until it has answered a ping of the cache's own.
    """

    def __init__(self, url: str, count: Callable[[str], None], kept_seconds: int = KEPT_SECONDS) -> None:
        """Prepare; nothing is connected yet.

        Raises:
            CacheError: The URL is none of Redis.
        """
        import redis  # here, so that a service without it starts sooner
        import redis.asyncio
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        self._count, self._kept = count, kept_seconds
        self._failures = 0
        self._writes: set[asyncio.Task[None]] = set()
        self._waiting: asyncio.Task[None] | None = None
        self._faults = (redis.RedisError, OSError, TimeoutError)
        try:
            self._redis: Any = redis.asyncio.Redis.from_url(
                url,
                protocol=2,
                socket_timeout=PATIENCE_SECONDS,
                socket_connect_timeout=PATIENCE_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError:  # its words may hold a part of the password
            raise CacheError(f"CACHE is no URL of a Redis server: want {REDIS_URL}.") from None

    @property
    def is_resting(self) -> bool:
        """Whether Redis is left alone."""
        return self._waiting is not None

    async def get(self, key: str) -> Prediction | None:
        """What some process has put under a key; None where nothing is known, or Redis does not say."""
        if self._waiting:
            return None
        try:
            held = await self._redis.get(f"answer:{key}")
        except self._faults:
            self._failed()
            return None
        self._failures = 0
        found = None if held is None else _read(key, held)
        self._count("miss" if found is None else "hit")
        return found

    def put(self, key: str, answer: Prediction) -> None:
        """Remember an answer for a while; nobody waits for it."""
        if self._waiting or len(self._writes) >= MOST_WRITES:
            return
        writing = asyncio.get_running_loop().create_task(self._write(key, answer))
        self._writes.add(writing)
        writing.add_done_callback(self._writes.discard)

    async def close(self) -> None:
        """Let Redis go."""
        tasks = [*self._writes, *([self._waiting] if self._waiting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._redis.aclose()

    async def _write(self, key: str, answer: Prediction) -> None:
        content = json.dumps([key, answer.decision, answer.score])
        try:
            await self._redis.set(f"answer:{key}", content, ex=self._kept)
        except self._faults:
            self._failed()

    def _failed(self) -> None:
        self._count("error")
        self._failures += 1
        if self._failures >= MOST_FAILURES and not self._waiting:
            self._waiting = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        """Until Redis answers again."""
        while True:
            await asyncio.sleep(REST_SECONDS)
            try:
                # What was connected before is of no use after a new start, and would fail one by one.
                await self._redis.connection_pool.disconnect(inuse_connections=False)
                await self._redis.ping()
            except self._faults:
                continue
            self._failures, self._waiting = 0, None
            return


def create(setting: str, count: Callable[[str], None]) -> MemoryCache | RedisCache | None:
    """The cache that CACHE asks for: ``memory``, ``off``, or the URL of a Redis server.

    Args:
        setting: The value of CACHE.
        count: Is told ``hit``, ``miss`` or ``error`` of every look-up.

    Raises:
        CacheError: It is none of these.
    """
    if setting == OFF:
        return None
    if setting == MEMORY:
        return MemoryCache(count)
    if setting.startswith(SCHEMES):
        return RedisCache(setting, count)
    raise CacheError(f"CACHE is none of what it may be: want {MEMORY}, {OFF}, or {REDIS_URL}.")


def _read(key: str, held: bytes) -> Prediction | None:
    """What Redis holds under a key; None where it is not of that key, or no answer at all."""
    try:
        of, decision, score = json.loads(held)
    except (ValueError, TypeError):
        return None
    return Prediction(decision, score) if of == key else None


def _canonical(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        return None if value != value else int(value) if value.is_integer() else value
    return value
