"""Show the built page on this machine: ``python -m <package>.web.show [PORT]``, or ``make web SERVE=1``."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from goldenpath.project.paths import WEB
from goldenpath.serving.web.errors import WebError

HOST = "127.0.0.1"
PORT = 8000


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
        raise WebError(f"{WEB}/index.html: no such file. Run `make web`.")
    try:
        return ThreadingHTTPServer((HOST, port), partial(Handler, directory=str(WEB)))
    except (OSError, OverflowError) as error:
        reason = str(error).rstrip(".")
        raise WebError(f"Port {port} cannot be listened on: {reason}. Name another: make web SERVE=1 PORT=…") from error


def main() -> None:
    """Serve until interrupted.

    Raises:
        SystemExit: With status 1 when it cannot; the reason went to standard error.
    """
    asked = argparse.ArgumentParser(prog="web", description="Show the built page on this machine.")
    asked.add_argument("port", type=int, nargs="?", default=PORT)
    try:
        running = server(asked.parse_args().port)
    except WebError as error:
        print(f"web failed.\n{error}", file=sys.stderr)
        raise SystemExit(1) from error
    print(f"http://{HOST}:{running.server_port} until Ctrl-C", flush=True)
    try:
        running.serve_forever()
    except KeyboardInterrupt:
        running.server_close()


if __name__ == "__main__":
    main()
