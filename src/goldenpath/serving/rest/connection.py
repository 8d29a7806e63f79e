"""Connections that cannot hold the service up: heads that never end, too many of them, answers that nobody reads.

uvicorn bounds how long a connection may idle between two requests, and reads no body faster than it is asked for. What
it leaves open is bounded here.

A small request for predictions that has come whole is answered here too, without the task, the events and the messages
that ASGI would make of it: they cost as much as the prediction itself. Everything else goes the ordinary way.
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from collections.abc import Callable, Sequence
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from goldenpath.serving.rest.http_errors import Refused, overloaded

Headers = Sequence[tuple[bytes, bytes]]
Reply = tuple[int, bytes, Headers]
"""Status, body and headers of an answer; the length of the body is not among them."""
FastPath = Callable[[Headers, bytes], Reply | None]
"""Answers a request for predictions by its headers and its body, or leaves it to the application."""

MOST_HEAD_BYTES = 64 * 1024
"""Of the request line and headers together."""
CONNECTIONS_PER_REQUEST = 16
"""Open connections for each request that is answered at once: most connections of a load balancer are idle."""
FULL = overloaded("too many connections are open")
PREDICT = b"/predict"
SMALL_BYTES = 8 * 1024
"""A body up to this is answered in less time than it would take to hand it on."""


def protocol(max_concurrent: int, seconds: float, fast_path: FastPath) -> type[HttpToolsProtocol]:
    """The class that uvicorn makes for each connection.

    Args:
        max_concurrent: Most requests that are answered at once.
        seconds: Within which the head of a request must have come, from its first byte, or from the start of the
            connection; and within which answers that pile up must be read.
        fast_path: Answers small requests for predictions.
    """
    most_connections = max_concurrent * CONNECTIONS_PER_REQUEST

    class Connection(HttpToolsProtocol):
        _timer: TimerHandle | None = None
        _head_bytes = 0
        _is_in_head = True
        _small: bytes | None = None
        """What has come of a body that may be answered at once."""
        _answered = 0.0
        _idle: TimerHandle | None = None
        _unread: TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            self._answers = _Whole(transport, self, self._await_reader)
            super().connection_made(self._answers)
            if len(self.connections) > most_connections:
                transport.write(_answer(FULL))
                transport.close()
                return
            self._await_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            for timer in (self._idle, self._unread):
                if timer is not None:
                    timer.cancel()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            super().data_received(data)
            if self._small is not None:
                self._hand_on()
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
            if self.url == PREDICT and self._takes_fast_path():
                self._small = b""
            else:
                super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            if self._small is None:
                super().on_body(body)
            else:
                self._small += body
                if len(self._small) > SMALL_BYTES:
                    self._hand_on()

        def on_message_complete(self) -> None:
            if self._small is not None and (reply := fast_path(self.headers, self._small)) is not None:
                self._small = None
                self._answer_by_fast_path(reply)
                return
            if self._small is not None:
                self._hand_on()
            super().on_message_complete()

        def on_response_complete(self) -> None:
            self._answers.flush()
            super().on_response_complete()

        def timeout_keep_alive_handler(self) -> None:
            # Not closed: that would wait for a client that does not read its answer.
            self.transport.abort()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._await_reader()

        def resume_writing(self) -> None:
            super().resume_writing()
            if self._unread is not None and not self.transport.is_closing():
                self._unread.cancel()
                self._unread = None

        def _await_reader(self) -> None:
            """Wait for the client to read, but not for long."""
            if self._unread is None:
                self._unread = self.loop.call_later(seconds, self.transport.abort)

        def _takes_fast_path(self) -> bool:
            """Whether nothing about the request is special, and no other of this connection is under way."""
            parser, cycle = self.parser, self.cycle
            return (
                parser.get_method() == b"POST"
                and parser.get_http_version() == "1.1"
                and parser.should_keep_alive()
                and not parser.should_upgrade()
                and not self.expect_100_continue
                and not self.flow.write_paused
                and (cycle is None or cycle.response_complete)
            )

        def _hand_on(self) -> None:
            """Go the ordinary way after all, with what has come."""
            body, self._small = self._small, None
            super().on_headers_complete()
            if body:
                super().on_body(body)

        def _answer_by_fast_path(self, reply: Reply) -> None:
            status, body, headers = reply
            self._answers.pass_on(_wire(status, body, [*self.server_state.default_headers, *headers]))
            self.server_state.total_requests += 1
            self._answered = self.loop.time()
            if self._idle is None:  # one timer that looks again, and not one per request
                self._idle = self.loop.call_later(self.timeout_keep_alive, self._end_idling)

        def _end_idling(self) -> None:
            self._idle = None
            rest = self._answered + self.timeout_keep_alive - self.loop.time()
            if rest > 0:
                self._idle = self.loop.call_later(rest, self._end_idling)
            elif self._timer is None and (self.cycle is None or self.cycle.response_complete):
                self.timeout_keep_alive_handler()

        def _await_head(self) -> None:
            self._timer = self.loop.call_later(seconds, self.transport.abort)

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

    def __init__(
        self, transport: asyncio.Transport, connection: HttpToolsProtocol, await_reader: Callable[[], None]
    ) -> None:
        super().__init__()
        self._transport = transport
        self._connection = connection
        self._await_reader = await_reader
        self._begun: object = None
        self._head = b""
        # Passed on as they are: what the server asks of a transport besides writing.
        self.is_closing = transport.is_closing  # type: ignore[method-assign]
        self.get_extra_info = transport.get_extra_info  # type: ignore[method-assign]
        self.pause_reading = transport.pause_reading  # type: ignore[method-assign]
        self.resume_reading = transport.resume_reading  # type: ignore[method-assign]
        self.abort = transport.abort  # type: ignore[method-assign]

    def pass_on(self, data: bytes) -> None:
        """Send an answer that is whole."""
        self._transport.write(data)

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
        if self._transport.get_write_buffer_size():  # closed when it was read, which may be never
            self._await_reader()


def server_options(max_concurrent: int, request_seconds: float, fast_path: FastPath) -> dict[str, Any]:
    """What :class:`uvicorn.Config` needs to make such connections; requests and logs are told by the service itself."""
    http = protocol(max_concurrent, request_seconds, fast_path)
    quiet = {"log_config": None, "access_log": False}
    return {"http": http, "ws": "none", "server_header": False, "proxy_headers": False, **quiet}


def _answer(refusal: Refused) -> bytes:
    """A refusal as it goes over the wire, for a connection that no request was read from."""
    headers = [(b"content-type", b"application/json"), (b"connection", b"close"), *refusal.headers]
    return _wire(refusal.status, refusal.body, headers)


def _wire(status: int, body: bytes, headers: Headers) -> bytes:
    lines = b"".join([b"%s: %s\r\n" % header for header in headers])
    return b"%scontent-length: %d\r\n%s\r\n%s" % (STATUS_LINE[status], len(body), lines, body)
