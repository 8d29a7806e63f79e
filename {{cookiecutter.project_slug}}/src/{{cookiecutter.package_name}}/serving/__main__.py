"""Serve the REST API: ``python -m <package>.serving [PORT] [--host HOST]``, or ``make serve``."""

from __future__ import annotations

import argparse
import os
import sys

import uvicorn
from fastapi import FastAPI

from ..errors import ProjectError
from .rest import create_app
from .stopping import MOST_DRAIN_SECONDS, Stopping, StoppingServer

HOST = "127.0.0.1"
PORT = 8000
MOST_STOP_SECONDS = 20
"""Seconds for requests that still run after the drain: together less than the 30 after which Kubernetes kills."""


def main() -> None:
    """Serve until told to stop; see :mod:`.stopping` for how.

    Raises:
        SystemExit: With status 1 when the model, the contract or a setting cannot be used; the reason went to
            standard error.
    """
    asked = argparse.ArgumentParser(prog="serving", description="Serve the model as a REST API.")
    asked.add_argument("port", type=int, nargs="?", default=PORT)
    asked.add_argument("--host", default=HOST, help="address to listen on; 0.0.0.0 only inside a container")
    given = asked.parse_args()
    drain = drain_seconds(os.environ.get("DRAIN_SECONDS", ""))
    app = Stopping(load_app())
    config = uvicorn.Config(app, host=given.host, port=given.port, timeout_graceful_shutdown=MOST_STOP_SECONDS)
    StoppingServer(config, app, drain).run()


def load_app() -> FastAPI:
    """The service, its model loaded.

    Raises:
        SystemExit: With status 1 when the model or the contract cannot be used; the reason went to standard error.
    """
    try:
        return create_app()
    except ProjectError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


def drain_seconds(text: str) -> float:
    """How long to serve on after SIGTERM; 0 where nothing is said.

    Raises:
        SystemExit: With status 1 when the text is no such number; the reason went to standard error.
    """
    try:
        seconds = float(text or 0)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= MOST_DRAIN_SECONDS:
        print(f"DRAIN_SECONDS={text}: want seconds from 0 to {MOST_DRAIN_SECONDS}.", file=sys.stderr)
        raise SystemExit(1)
    return seconds


if __name__ == "__main__":
    main()
