"""Take a table of one's own: from a file to a contract, parameters, a source and a pipeline that reads it."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from goldenpath.adopt.plan import Request, plan
from goldenpath.adopt.summary import show
from goldenpath.adopt.write import refuse_to_lose_work, write
from goldenpath.project import team


def adopt(root: Path, request: Request, *, force: bool = False) -> None:
    """Adopt a table into a project, whole or not at all, and print what was guessed.

    Args:
        root: The project's folder.
        request: The table, and what the person said of it.
        force: Whether changes that are not committed may be written over.

    Raises:
        ProjectError: The table cannot be adopted; then nothing was changed.
    """
    with Console(stderr=True).status(f"Reading {request.data.name} and guessing its contract"):
        planned = plan(request, root, team.package(root))
    if not force:
        refuse_to_lose_work(root, list(planned.files))
    with Console(stderr=True).status(f"Handing {request.data.name} to DVC"):
        write(root, request.data, planned.place, planned.files, planned.former)
    show(planned, Console())
