"""Stop without losing a request.

Whoever sends requests here learns only after a while that this process is about to end: Kubernetes takes a pod out of
its endpoints at the same time as it sends SIGTERM. So the service first says that it is not ready, serves on while
requests still come, asks its clients to connect anew elsewhere, and only then stops listening.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from types import FrameType

import uvicorn
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from goldenpath.serving.rest.connection import Headers, Reply
from goldenpath.serving.rest.service import Service


class Stopping:
    """An application that can say that it is about to stop.

    Attributes:
        has_begun: Whether it is about to stop: ``/readyz`` answers 503, and every connection is closed after its
            answer.
    """

    def __init__(self, app: Service) -> None:
        self.has_begun = False
        self._app = app

    def fast_path(self, headers: Headers, body: bytes) -> Reply | None:
        """Answer a small request as the application would; None once it is about to stop."""
        return None if self.has_begun else self._app.fast_path(headers, body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application would; see ASGI."""
        if not self.has_begun or scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        is_asked_for_readiness = scope["path"] == "/readyz"
        answer = JSONResponse({"status": "stopping"}, status_code=503) if is_asked_for_readiness else self._app
        await answer(scope, receive, send_last)


class StoppingServer(uvicorn.Server):
    """A server that drains on SIGTERM and then ends with status 0. Ctrl-C, or a second SIGTERM, ends it at once.

    SIGHUP has the service load its model anew.
    """

    def __init__(self, config: uvicorn.Config, app: Stopping, service: Service) -> None:
        super().__init__(config)
        self._app = app
        self._service = service
        self._reloads: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start; uvicorn calls this inside the running loop."""
        await super().startup(sockets)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal; uvicorn calls this on the main thread, inside the running loop."""
        if sig != signal.SIGTERM or self._app.has_begun:
            super().handle_exit(sig, frame)
            return
        # Not handed on: uvicorn would raise the signal anew at its end, and a clean stop would look like a crash.
        self._app.has_begun = True
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(loop.call_later, self._service.settings.drain_seconds, self._stop)

    def _stop(self) -> None:
        self.should_exit = True

    def _reload(self) -> None:
        task = asyncio.get_running_loop().create_task(self._service.reload())
        self._reloads.add(task)  # the loop itself would let go of it
        task.add_done_callback(self._reloads.discard)
