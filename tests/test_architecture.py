"""What may import what: rooms stand on floors, and imports run downwards only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import goldenpath

LIBRARY = Path(goldenpath.__file__).parent
FLOORS = (
    "project", "repository", "tables", "model", "evaluation", "pipeline", "review", "reports", "adopt", "serving",
    "monitoring", "delivery", "experiments", "gates", "retraining", "fleet", "conformance", "cli",
)  # fmt: skip
"""The rooms of the library, ground first: a room imports only from those before it."""
MODULES = sorted(LIBRARY.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(LIBRARY.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """The modules of the library that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def room(name: str) -> str:
    return [*name.split("."), ""][1]


def test_every_folder_is_a_room_with_a_floor() -> None:
    rooms = {path.name for path in LIBRARY.iterdir() if (path / "__init__.py").is_file()}

    assert rooms == set(FLOORS)


@pytest.mark.parametrize("floor", FLOORS)
def test_a_room_imports_from_floors_below_it_only(floor: str) -> None:
    allowed = set(FLOORS[: FLOORS.index(floor) + 1])

    upwards = {
        f"{module_name(path)} -> {name}"
        for path in sorted((LIBRARY / floor).rglob("*.py"))
        for name in imports(path)
        if name.startswith("goldenpath.") and room(name) in FLOORS and room(name) not in allowed
    }

    assert upwards == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = {module_name(path): path for path in MODULES}
    arrows = {name: {found for target in imports(path) if (found := resolved(target, known)) and found != name}
              for name, path in known.items()}  # fmt: skip

    assert circles(arrows) == []


def resolved(name: str, known: dict[str, Path]) -> str:
    """The module that an imported name is, or is in; a package's face stands for its modules only by name."""
    if name in known:
        return name
    parent = name.rpartition(".")[0]
    return parent if parent in known else ""


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Strongly connected modules, by Tarjan's algorithm (1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in sorted(arrows[name]):
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            circle = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(circle) > 1:
                found.append(sorted(circle))

    for name in sorted(arrows):
        if name not in index:
            visit(name)
    return found
