"""What must hold of every generated project, whatever the answers."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import nbformat
import yaml

from tests.template.generation import files_of

_LEFTOVER = re.compile(r"cookiecutter\.[a-z_]|\{\{ ?cookiecutter|\{%|\byour_package\b")


def parse_all(project: Path) -> set[str]:
    """Parse every structured file and return their names.

    Raises:
        AssertionError: one cannot be parsed; it is named.
    """
    parsed = set()
    for name in sorted(files_of(project)):
        try:
            if _parse(project / name):
                parsed.add(name)
        except (ValueError, yaml.YAMLError, nbformat.ValidationError) as error:
            raise AssertionError(f"{name}: {error}") from error
    return parsed


def _parse(path: Path) -> bool:
    match path.suffix:
        case ".yaml" | ".yml":
            list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        case ".toml":
            tomllib.loads(path.read_text(encoding="utf-8"))
        case ".json":
            json.loads(path.read_text(encoding="utf-8"))
        case ".ipynb":
            nbformat.validate(json.loads(path.read_text(encoding="utf-8")))
        case _:
            return False
    return True


def leftovers(project: Path) -> list[str]:
    """List the lines that still hold template language, as ``file: line``."""
    found = []
    for name in sorted(files_of(project)):
        if name.endswith(".whl"):
            continue  # the library renders templates of its own
        text = (project / name).read_text(encoding="utf-8", errors="replace")
        found += [f"{name}: {line}" for line in text.splitlines() if _LEFTOVER.search(line)]
    return found
