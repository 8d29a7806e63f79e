"""Serve the REST API: ``python -m <package>.serving [PORT] [--host HOST]``, or ``make serve``.

SIGTERM ends it without losing a request; SIGHUP makes it take the model that lies in ``models/`` now.
"""

from __future__ import annotations

import argparse
import sys

import uvicorn

from goldenpath.project.errors import ProjectError
from goldenpath.serving import logs
from goldenpath.serving.graceful_shutdown import Stopping, StoppingServer
from goldenpath.serving.rest.app import create_app
from goldenpath.serving.rest.connection import server_options
from goldenpath.serving.rest.service import Service

HOST = "127.0.0.1"
PORT = 8000
MOST_STOP_SECONDS = 20
"""Seconds for requests that still run after the drain: together less than the 30 after which Kubernetes kills."""


def main() -> None:
    """Serve until told to stop; see :mod:`.stopping` for how.

    Raises:
        SystemExit: With status 1 when the model, the contract, a setting or the prediction log cannot be used; the
            reason went to standard error.
    """
    asked = argparse.ArgumentParser(prog="serving", description="Serve the model as a REST API.")
    asked.add_argument("port", type=int, nargs="?", default=PORT)
    asked.add_argument("--host", default=HOST, help="address to listen on; 0.0.0.0 only inside a container")
    given = asked.parse_args()
    service = load_app()
    try:
        service.open_log()
    except ProjectError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None
    logs.configure()
    app = Stopping(service)
    options = server_options(service.settings.max_concurrent, service.settings.request_seconds, app.at_once)
    config = uvicorn.Config(app, given.host, given.port, timeout_graceful_shutdown=MOST_STOP_SECONDS, **options)
    StoppingServer(config, app, service).run()


def load_app() -> Service:
    """The service, its model loaded.

    Raises:
        SystemExit: With status 1 when the model, the contract or a setting cannot be used; the reason went to
            standard error.
    """
    try:
        return create_app()
    except ProjectError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
