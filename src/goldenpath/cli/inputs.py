"""What commands take."""

from __future__ import annotations

import shutil
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


class CriterionId(click.ParamType[Any]):
    """The id of a criterion."""

    name = "ID"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: D102 - see click
        from goldenpath.reports.maturity.sanitize import plain
        from goldenpath.review.standards import catalogue, criterion

        try:
            return criterion(value) if isinstance(value, str) else value
        except KeyError:
            near = get_close_matches(value.upper(), [item.id for item in catalogue()], n=3, cutoff=0.5)
            hint = f"; near it: {', '.join(near)}" if near else ""
            self.fail(f"there is no criterion {plain(value)}{hint}", param, ctx)


def width() -> int:
    """How many characters wide text for the terminal may be."""
    return min(shutil.get_terminal_size((100, 24)).columns, 110)
