"""Serve the REST API on loopback: ``python -m <package>.serving [PORT]``, or ``make serve``."""

from __future__ import annotations

import sys

import uvicorn

from ..errors import ProjectError
from .rest import create_app

HOST = "127.0.0.1"
PORT = 8000


def main() -> None:
    """Serve until interrupted.

    Raises:
        SystemExit: With status 1 when the model or the contract cannot be used; the reason went to standard error.
    """
    port = int(sys.argv[1]) if len(sys.argv) > 1 else PORT
    try:
        app = create_app()
    except ProjectError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from error
    uvicorn.run(app, host=HOST, port=port)


if __name__ == "__main__":
    main()
