"""Run the REST API until it is told to stop.

SIGTERM ends it without losing a request; SIGHUP makes it take the model that lies in ``models/`` now.
"""

from __future__ import annotations

import uvicorn

from goldenpath.serving import logs
from goldenpath.serving.graceful_shutdown import Stopping, StoppingServer
from goldenpath.serving.rest.app import create_app
from goldenpath.serving.rest.connection import server_options

MOST_STOP_SECONDS = 20
"""Seconds for requests that still run after the drain: together less than the 30 after which Kubernetes kills."""


def serve(host: str, port: int) -> None:
    """Serve until told to stop; see :mod:`..graceful_shutdown` for how.

    Args:
        host: The address to listen on; 0.0.0.0 only inside a container.
        port: The port to listen on.

    Raises:
        ProjectError: The model, the contract, a setting or the prediction log cannot be used.
    """
    service = create_app()
    service.open_log()
    logs.configure()
    app = Stopping(service)
    options = server_options(service.settings.max_concurrent, service.settings.request_seconds, app.fast_path)
    config = uvicorn.Config(app, host, port, timeout_graceful_shutdown=MOST_STOP_SECONDS, **options)
    StoppingServer(config, app, service).run()
