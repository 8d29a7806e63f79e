"""What a request may cost before it is read: bytes, time, and a place among those that are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.types import Receive

from goldenpath.serving.rest.http_errors import Refused, refused

DISCARDED = 8
"""How many times the limit is read and thrown away of a body that is too large: a client that still sends when the
connection is closed would not see why it was refused."""


CLOSE = (b"connection", b"close")


class ClientGone(Exception):  # noqa: N818  # nobody is left who could be told of an error
    """The client has closed the connection before its request was whole."""


async def read_body(receive: Receive, headers: Mapping[bytes, bytes], most_bytes: int, seconds: float) -> bytes:
    """The body of a request, never more of it in memory than is allowed.

    Args:
        receive: See ASGI.
        headers: The request's headers.
        most_bytes: The largest body.
        seconds: Within which it must have come.

    Raises:
        Refused: With status 413 where it is larger, by its Content-Length or by what came; with 408 where it is late.
        ClientGone: It will never be whole.
    """
    # Not asyncio.timeout, which costs three times as much: nearly every body has come when it is asked for.
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # a coroutine runs in a task
    deadline = _Deadline(task)
    timer = asyncio.get_running_loop().call_later(seconds, deadline.cancel)
    try:
        return await _read(receive, headers, most_bytes)
    except asyncio.CancelledError:
        if deadline.is_over and not task.uncancel():
            words = f"the request did not come within {seconds:g} seconds"
            raise refused(408, "timeout", "time", words, CLOSE) from None
        raise
    finally:
        timer.cancel()


class _Deadline:
    """Tells a cancellation of its own from others."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._task = task
        self.is_over = False

    def cancel(self) -> None:
        self.is_over = True
        self._task.cancel()


async def _read(receive: Receive, headers: Mapping[bytes, bytes], most_bytes: int) -> bytes:
    declared = headers.get(b"content-length", b"")
    if declared and int(declared) > most_bytes:  # the server has refused what is no number
        if int(declared) <= DISCARDED * most_bytes:
            await _discard(receive, DISCARDED * most_bytes)
        raise _too_large(most_bytes)
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        more = message.get("more_body", False)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most_bytes:
            parts.clear()
            if more:
                await _discard(receive, DISCARDED * most_bytes)
            raise _too_large(most_bytes)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _discard(receive: Receive, most_bytes: int) -> None:
    size, more = 0, True
    while more and size <= most_bytes:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)


def _too_large(most_bytes: int) -> Refused:
    words = f"the body is larger than {most_bytes} bytes; send fewer rows, or run a batch"
    return refused(413, "too_large", "size", words, CLOSE)
