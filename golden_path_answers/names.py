"""Names a generated package or project must not take, because Python or the file system already uses them."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from functools import cache
from pathlib import Path

# Top-level names beside the package in a generated project, or used by the tools that build it.
_PROJECT_NAMES = frozenset(
    {"build", "checklist", "conftest", "data", "deploy", "dist", "docs", "licenses", "models", "monitoring"}
    | {"notebooks", "reports", "requirements", "setup", "src", "test", "tests"}
)

# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: no file or folder may have these names on Windows.
_WINDOWS_DEVICES = frozenset(
    ["aux", "con", "nul", "prn"] + [f"{port}{n}" for port in ("com", "lpt") for n in range(10)]
)


_PINNED = re.compile(r"^([\w.-]+)(?:\[.*\])?==", re.MULTILINE)


@cache
def _dependency_names() -> frozenset[str]:
    """Names, lower-case with underscores, that a generated project's locked requirements install or import.

    The locks name what is installed; ``import_names.txt`` adds the modules that are called otherwise.
    """
    here = Path(__file__).parent
    locks = here.parent.glob("{{cookiecutter.project_slug}}/requirements/*.txt")
    installed = {name for lock in locks for name in _PINNED.findall(lock.read_text(encoding="utf-8"))}
    imported = (here / "import_names.txt").read_text(encoding="utf-8").split()
    return frozenset(re.sub("[-.]", "_", name).lower() for name in [*installed, *imported])


def why_taken(name: str) -> str | None:
    """Say what already uses ``name`` (snake_case or kebab-case), or None when it is free."""
    module = name.lower().replace("-", "_")
    if keyword.iskeyword(module) or keyword.issoftkeyword(module):
        return "a Python keyword"
    if module in sys.stdlib_module_names:
        return "a module of Python's standard library"
    if hasattr(builtins, module):
        return "a Python builtin"
    if module in _dependency_names():
        return "a dependency of the generated project"
    if module in _PROJECT_NAMES:
        return "a folder or file of the generated project"
    if module in _WINDOWS_DEVICES:
        return "a device name on Windows"
    return None
