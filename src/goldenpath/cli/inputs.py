"""What commands take, and how they say that something is wrong with it."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import click

from goldenpath.reports.maturity.words import plain
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.ratchet import Exit
from goldenpath.review.standards import catalogue, criterion

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
Command = TypeVar("Command", bound=Callable[..., Any])


class InputError(click.ClickException):
    """What was asked for cannot be done with what is there."""

    exit_code = Exit.USAGE


def speaking(command: Command) -> Command:
    """Turn what is wrong with the input into a message and exit code 2."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - click's own values
        try:
            return command(*arguments, **options)
        except (BrokenFileError, ValueError) as error:
            raise InputError(plain(str(error))) from error

    return run  # type: ignore[return-value]


class CriterionId(click.ParamType[Any]):
    """The id of a criterion."""

    name = "ID"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401, D102 - see click
        try:
            return criterion(value) if isinstance(value, str) else value
        except KeyError:
            near = get_close_matches(value.upper(), [item.id for item in catalogue()], n=3, cutoff=0.5)
            hint = f"; near it: {', '.join(near)}" if near else ""
            self.fail(f"there is no criterion {plain(value)}{hint}", param, ctx)


def width() -> int:
    """How many characters wide text for the terminal may be."""
    return min(shutil.get_terminal_size((100, 24)).columns, 110)
