"""Connections that cannot hold the service up: heads that never end, too many of them, answers that nobody reads.

uvicorn bounds how long a connection may idle between two requests, and reads no body faster than it is asked for. What
it leaves open is bounded here.
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from .refusal import Refused, overloaded

MOST_HEAD_BYTES = 64 * 1024
"""Of the request line and headers together."""
CONNECTIONS_PER_REQUEST = 16
"""Open connections for each request that is answered at once: most connections of a load balancer are idle."""
FULL = overloaded("too many connections are open")


def protocol(max_concurrent: int, head_seconds: float) -> type[HttpToolsProtocol]:
    """The class that uvicorn makes for each connection.

    Args:
        max_concurrent: Most requests that are answered at once.
        head_seconds: Within which the head of a request must have come, from its first byte, or from the start of the
            connection.
    """
    most_connections = max_concurrent * CONNECTIONS_PER_REQUEST

    class Connection(HttpToolsProtocol):
        _timer: TimerHandle | None = None
        _head_bytes = 0
        _is_in_head = True

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            self._answers = _Whole(transport, self)
            super().connection_made(self._answers)
            if len(self.connections) > most_connections:
                transport.write(_answer(FULL))
                transport.close()
                return
            self._await_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            super().data_received(data)
            if self._is_in_head:
                self._head_bytes += len(data)
                if self._head_bytes > MOST_HEAD_BYTES:
                    self._stop_waiting()
                    self.send_400_response("The head of the request is too large.")
                elif self._timer is None:
                    self._await_head()
            elif self._timer is not None:
                self._stop_waiting()

        def on_message_begin(self) -> None:
            self._is_in_head, self._head_bytes = True, 0
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self._is_in_head = False
            super().on_headers_complete()

        def on_response_complete(self) -> None:
            self._answers.flush()
            super().on_response_complete()

        def timeout_keep_alive_handler(self) -> None:
            # Not closed: that would wait for a client that does not read its answer.
            self.transport.abort()

        def _await_head(self) -> None:
            self._timer = self.loop.call_later(head_seconds, self.transport.abort)

        def _stop_waiting(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    return Connection


class _Whole(asyncio.Transport):
    """A transport that sends the head of an answer together with its body.

    uvicorn writes them one after the other, and asyncio makes a system call of each: a fifth of all that a prediction
    costs.
    """

    def __init__(self, transport: asyncio.Transport, connection: HttpToolsProtocol) -> None:
        super().__init__()
        self._transport = transport
        self._connection = connection
        self._begun: object = None
        self._head = b""
        # Passed on as they are: what the server asks of a transport besides writing.
        self.is_closing = transport.is_closing  # type: ignore[method-assign]
        self.get_extra_info = transport.get_extra_info  # type: ignore[method-assign]
        self.pause_reading = transport.pause_reading  # type: ignore[method-assign]
        self.resume_reading = transport.resume_reading  # type: ignore[method-assign]
        self.abort = transport.abort  # type: ignore[method-assign]

    def write(self, data: bytes | bytearray | memoryview) -> None:
        cycle = self._connection.cycle
        if self._head:
            self._transport.write(self._head + bytes(data))
            self._head = b""
        elif cycle is not None and cycle.response_started and cycle is not self._begun:
            self._begun, self._head = cycle, bytes(data)
        else:
            self._transport.write(data)

    def flush(self) -> None:
        if self._head:
            self._transport.write(self._head)
            self._head = b""

    def close(self) -> None:
        self.flush()
        self._transport.close()


def server_options(max_concurrent: int, request_seconds: float) -> dict[str, Any]:
    """What :class:`uvicorn.Config` needs to make such connections; requests and logs are told by the service itself."""
    http = protocol(max_concurrent, request_seconds)
    quiet = {"log_config": None, "access_log": False}
    return {"http": http, "ws": "none", "server_header": False, "proxy_headers": False, **quiet}


def _answer(refusal: Refused) -> bytes:
    """A refusal as it goes over the wire, for a connection that no request was read from."""
    length = (b"content-length", b"%d" % len(refusal.body))
    headers = [(b"content-type", b"application/json"), length, (b"connection", b"close"), *refusal.headers]
    lines = b"".join(b"%s: %s\r\n" % header for header in headers)
    return STATUS_LINE[refusal.status] + lines + b"\r\n" + refusal.body
