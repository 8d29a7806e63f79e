"""The project as Python knows it: name and version in ``pyproject.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldenpath.project.errors import ProjectError

PATH = Path("pyproject.toml")


@dataclass(frozen=True)
class Distribution:
    """The project's distribution.

    Attributes:
        name: Its name, by which the registry, images and alerts know the product too.
        version: Its version.
    """

    name: str
    version: str


def name(root: Path = Path()) -> str:
    """The name alone, for what needs no version.

    Args:
        root: The project's folder.

    Raises:
        ProjectError: There is no ``pyproject.toml``, it is not TOML, or it names no project.
    """
    return _value(_project(root), "name")


def load(root: Path = Path()) -> Distribution:
    """Read name and version.

    Args:
        root: The project's folder.

    Raises:
        ProjectError: There is no ``pyproject.toml``, it is not TOML, or it lacks one of them.
    """
    project = _project(root)
    return Distribution(_value(project, "name"), _value(project, "version"))


def _project(root: Path) -> Mapping[str, Any]:
    try:
        content = tomllib.loads((root / PATH).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ProjectError(
            f"{PATH}: no such file. Run this from the project's folder, or get it back: git checkout HEAD -- {PATH}"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{PATH}: is not TOML: {error}") from error
    project = content.get("project")
    return project if isinstance(project, dict) else {}


def _value(project: Mapping[str, Any], key: str) -> str:
    value = project.get(key)
    if not isinstance(value, str) or not value:
        raise ProjectError(f"{PATH}: project.{key} is missing. Add it to the table [project].")
    return value
