"""Structured logs: one JSON object a line on standard output; what was asked is never in it.

Lines of requests are written straight to standard output; what the server and libraries have to say goes through
:mod:`logging` and comes out in the same form.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

SANE_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,127}")


def request_id(given: bytes | None) -> str:
    """The caller's id of the request where it is one that a log can hold; else a new one."""
    if given is not None and SANE_ID.fullmatch(given):
        return given.decode()
    return new_id()


def new_id() -> str:
    """128 random bits, as 32 hexadecimal digits."""
    return os.urandom(16).hex()


def write(level: str, message: str, **facts: Any) -> None:
    """Write a line: ``time``, ``level``, ``message``, and facts by name; what cannot be told any more is dropped."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = to_json({"time": now, "level": level, "message": message, **facts}, fallback=str)
    try:
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()
    except (OSError, ValueError):  # whoever read the log is gone; answers go on
        return


def failed(message: str, error: BaseException, **facts: Any) -> None:
    """Write a line about an error of the program, with its traceback."""
    write("error", message, **facts, traceback="".join(traceback.format_exception(error)))


class JsonHandler(logging.Handler):
    """Writes what goes through :mod:`logging` in the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; a traceback is one fact of its line."""
        level, message = record.levelname.lower(), record.getMessage()
        if record.exc_info and record.exc_info[1]:
            failed(message.strip(), record.exc_info[1], logger=record.name)
        else:
            write(level, message.strip(), logger=record.name)


def configure() -> None:
    """Send everything that is logged through :class:`JsonHandler`."""
    logging.basicConfig(level=logging.INFO, handlers=[JsonHandler()], force=True)
