"""Which files of a product's packages reach which others by imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

MODULE = "*module*"
_RUN_MODULE = re.compile(r"python[\d.]*\s+(?:-[^m\s]\S*\s+)*-m\s+([\w.]+)")
_RUN_FILE = re.compile(r"python[\d.]*\s+(?:-[^m\s]\S*\s+)*([\w./-]+\.py)\b")


def run_by(product: Product, command: str) -> str | None:
    """The Python file of the product that a shell command starts, or None."""
    if found := _RUN_MODULE.search(command):
        path = found[1].replace(".", "/")
        return _existing(product, path) or _existing(product, f"src/{path}")
    found = _RUN_FILE.search(command)
    path = found[1].removeprefix("./") if found else ""
    return path if path in product.paths else None


@lru_cache(maxsize=2048)
def imported(product: Product, path: str) -> dict[str, frozenset[str]]:
    """The product's files that a file imports, and the names it takes from each; :data:`MODULE` for the module itself.

    Raises:
        BrokenFileError: The file does not parse.
    """
    found: dict[str, set[str]] = {}
    for node in _statements(product.python.tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if target := _resolve(product, path, alias.name, 0):
                    found.setdefault(target, set()).add(MODULE)
        elif isinstance(node, ast.ImportFrom):
            base = _resolve(product, path, node.module or "", node.level)
            for alias in node.names:
                dotted = f"{node.module}.{alias.name}" if node.module else alias.name
                inner = _resolve(product, path, dotted, node.level)
                if inner:
                    found.setdefault(inner, set()).add(MODULE)
                elif base:
                    found.setdefault(base, set()).add(alias.name)
    found.pop(path, None)
    return {target: frozenset(names) for target, names in found.items()}


def closure(product: Product, *starts: str) -> frozenset[str]:
    """The files given and every file of the product that they import, directly or not.

    Raises:
        BrokenFileError: One of them does not parse.
    """
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += imported(product, path)
    return frozenset(found)


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Every statement at any depth. Expressions hold no imports, and walking them costs most of the time."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        for name in ("body", "orelse", "finalbody"):
            waiting += getattr(node, name, ())
        for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            waiting += part.body


def _resolve(product: Product, path: str, module: str, level: int) -> str | None:
    inside = module.replace(".", "/")
    if level:
        home = path.rpartition("/")[0]
        for _ in range(level - 1):
            home = home.rpartition("/")[0]
        return _existing(product, f"{home}/{inside}".strip("/"))
    if not inside:
        return None
    beside = f"{path.rpartition('/')[0]}/{inside}".lstrip("/")
    return _existing(product, f"src/{inside}") or _existing(product, inside) or _existing(product, beside)


def _existing(product: Product, path: str) -> str | None:
    return next((name for name in (f"{path}.py", f"{path}/__init__.py") if name in product.paths), None)
