"""Show the built page on this machine."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from goldenpath.project.paths import WEB
from goldenpath.serving.web.errors import WebError

HOST = "127.0.0.1"


class Handler(SimpleHTTPRequestHandler):
    """Hands out files, of which none may be kept: the next page may be built within a second."""

    def end_headers(self) -> None:
        """Add what holds for every answer."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # named by the base class
        """Say nothing."""


def server(port: int) -> ThreadingHTTPServer:
    """A server of the page, on loopback.

    Raises:
        WebError: The page is not built, or the port cannot be listened on.
    """
    if not (WEB / "index.html").is_file():
        raise WebError(f"{WEB}/index.html: no such file. Run `goldenpath web`.")
    try:
        return ThreadingHTTPServer((HOST, port), partial(Handler, directory=str(WEB)))
    except (OSError, OverflowError) as error:
        reason = str(error).rstrip(".")
        raise WebError(
            f"Port {port} cannot be listened on: {reason}. Name another: goldenpath web --serve --port …"
        ) from error


def show(port: int) -> None:
    """Hand out the page until interrupted.

    Raises:
        WebError: The page is not built, or the port cannot be listened on.
    """
    running = server(port)
    print(f"http://{HOST}:{running.server_port} until Ctrl-C", flush=True)
    try:
        running.serve_forever()
    except KeyboardInterrupt:
        running.server_close()
