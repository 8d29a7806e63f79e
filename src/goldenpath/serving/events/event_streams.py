"""The Redis side of the consumer: streams, the group, and steps that Redis does whole or not at all."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis

from goldenpath.project.errors import ProjectError
from goldenpath.serving.settings import REDIS_URL

FIELD = "event"
"""Field of an entry that holds the event."""

# One script, so that no moment lies between the answer and its acknowledgement. The mark outlives the entry: an event
# that its sender sent twice is answered once. Redis takes nothing back when a later step fails, so the mark comes last.
_ANSWER = """
if redis.call('EXISTS', KEYS[3]) == 0 then
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[6], '*', ARGV[3], ARGV[4])
  redis.call('SET', KEYS[3], ARGV[2], 'EX', ARGV[5])
end
return redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
"""
_DEAD_LETTER = """
if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1) == 1 then
  redis.call('XADD', KEYS[2], '*', 'event', ARGV[3], 'reason', ARGV[4], 'entry', ARGV[2], 'deliveries', ARGV[5])
end
return redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
"""


class StreamsError(ProjectError):
    """A setting of the streams cannot be used."""


@dataclass(frozen=True)
class StreamSettings:
    """Which streams, and how long to wait and remember.

    Each attribute is the environment variable ``EVENTS_…`` of its name.

    Attributes:
        redis: URL of the Redis server.
        stream: The stream of events that ask.
        answers: The stream of answers.
        dead_letters: The stream of events that could not be answered.
        group: The consumer group.
        retries: How often an event is tried again before it goes to the dead-letter stream.
        idle_seconds: How long an event may lie with a consumer before another takes it over.
        remember_seconds: How long the same event is known again.
        most_answers: About how many answers the stream keeps.
        count: Most events that are answered at once.
    """

    redis: str = "redis://127.0.0.1:6379/0"
    stream: str = "predict"
    answers: str = "predictions"
    dead_letters: str = "predict-dead-letters"
    group: str = "predictor"
    retries: int = 3
    idle_seconds: float = 30.0
    remember_seconds: int = 7 * 86_400
    most_answers: int = 1_000_000
    count: int = 100


def read_settings(variables: Mapping[str, str]) -> StreamSettings:
    """Read the settings; what is not set, or empty, has its default.

    Raises:
        StreamsError: A value cannot be used.
    """
    found: dict[str, Any] = {}
    for name, default in vars(StreamSettings()).items():
        variable = f"EVENTS_{name.upper()}"
        if text := variables.get(variable):
            try:
                found[name] = type(default)(text)
            except ValueError:
                found[name] = -1
            if not isinstance(default, str) and not 0 < found[name] < float("inf"):
                raise StreamsError(f"{variable}={text}: want a number above 0.")
    settings = StreamSettings(**found)
    names = [settings.stream, settings.answers, settings.dead_letters]
    if len(set(names)) < len(names):
        raise StreamsError("EVENTS_STREAM, EVENTS_ANSWERS and EVENTS_DEAD_LETTERS must be three streams.")
    return settings


@dataclass(frozen=True)
class Entry:
    """An event in its stream.

    Attributes:
        id: The entry's id.
        content: The event.
        deliveries: How often it was given to a consumer.
    """

    id: str
    content: bytes
    deliveries: int


class Streams:
    """The streams, as one consumer of the group. Every method raises :class:`redis.RedisError` when Redis is away."""

    def __init__(self, settings: StreamSettings) -> None:
        """Prepare; nothing is connected yet.

        Raises:
            StreamsError: The URL is none of Redis.
        """
        self._settings = settings
        self.consumer = f"{socket.gethostname()}-{os.getpid()}-{time.time_ns():x}"
        try:
            self._redis: Any = redis.Redis.from_url(
                settings.redis, socket_timeout=5, socket_connect_timeout=2, protocol=2
            )
        except ValueError:  # its words may hold a part of the password
            raise StreamsError(f"EVENTS_REDIS is no URL of a Redis server: want {REDIS_URL}.") from None
        self._answer = self._redis.register_script(_ANSWER)
        self._dead_letter = self._redis.register_script(_DEAD_LETTER)

    def join(self) -> None:
        """Make the group where it is missing; it begins with the oldest event that the stream holds."""
        try:
            self._redis.xgroup_create(self._settings.stream, self._settings.group, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def leave(self) -> None:
        """Take this consumer out of the group, unless events still lie with it."""
        mine = [
            found["pending"]
            for found in self._redis.xinfo_consumers(self._settings.stream, self._settings.group)
            if found["name"].decode() == self.consumer
        ]
        if mine == [0]:
            self._redis.xgroup_delconsumer(self._settings.stream, self._settings.group, self.consumer)

    def new(self, wait_seconds: float) -> list[Entry]:
        """Events that no consumer was given yet, waiting for the first of them."""
        found = self._redis.xreadgroup(
            self._settings.group,
            self.consumer,
            {self._settings.stream: ">"},
            count=self._settings.count,
            block=max(1, int(wait_seconds * 1000)),
        )
        return [_entry(id_, fields, 1) for _, entries in found for id_, fields in entries]

    def left(self) -> list[Entry]:
        """Take over events that have lain with some consumer for too long.

        Those that were given out once come together, where one more try is left after that. Any other comes alone:
        where an event kills its consumer, only that one comes closer to the dead-letter stream by it.
        """
        idle = int(self._settings.idle_seconds * 1000)
        names = (self._settings.stream, self._settings.group)
        found = self._redis.xpending_range(*names, min="-", max="+", count=self._settings.count, idle=idle)
        deliveries = {item["message_id"]: int(item["times_delivered"]) for item in found}
        once = [id_ for id_, times in deliveries.items() if times == 1 and self._settings.retries > 1]
        if not deliveries:
            return []
        claimed = self._redis.xclaim(*names, self.consumer, idle, once or [next(iter(deliveries))])
        return [_entry(id_, fields, deliveries[id_] + 1) for id_, fields in claimed]

    def answer(self, answers: list[tuple[Entry, str, bytes]]) -> None:
        """Write answers and acknowledge what asked, each pair whole or not at all, and no answer twice.

        Args:
            answers: What asked, the answer's id and the answer.
        """
        settings = self._settings
        with self._redis.pipeline(transaction=False) as pipeline:
            for entry, answer_id, content in answers:
                keys = [settings.stream, settings.answers, f"{settings.answers}:answered:{answer_id}"]
                given: list[str | bytes | int] = [settings.group, entry.id, FIELD, content]
                given += [settings.remember_seconds, settings.most_answers]
                self._answer(keys=keys, args=given, client=pipeline)
            pipeline.execute()

    def dead_letter(self, entry: Entry, reason: str) -> None:
        """Move an event to the dead-letter stream, with the reason, whole or not at all."""
        settings = self._settings
        words = reason.encode(errors="replace")  # it may quote half a character
        given: list[str | bytes | int] = [settings.group, entry.id, entry.content, words, entry.deliveries]
        self._dead_letter(keys=[settings.stream, settings.dead_letters], args=given)

    def oldest_unanswered(self) -> float | None:
        """Age of the oldest event that has no answer, seconds, by Redis's own clock; None where every one has."""
        names = (self._settings.stream, self._settings.group)
        pending = self._redis.xpending(*names)["min"]
        groups = {found["name"].decode(): found for found in self._redis.xinfo_groups(names[0])}
        delivered = groups[names[1]]["last-delivered-id"] if names[1] in groups else b"0-0"
        waiting = self._redis.xrange(names[0], min=b"(" + delivered, count=1)
        ids = [id_ for id_ in (pending, waiting[0][0] if waiting else None) if id_]
        if not ids:
            return None
        seconds, microseconds = self._redis.time()
        oldest = min(int(id_.partition(b"-")[0]) for id_ in ids) / 1000
        return max(0.0, float(seconds) + float(microseconds) / 1e6 - oldest)

    def close(self) -> None:
        """End the connections."""
        self._redis.close()


def _entry(id_: bytes, fields: Mapping[bytes, bytes], deliveries: int) -> Entry:
    return Entry(id_.decode(), fields.get(FIELD.encode(), b""), deliveries)
