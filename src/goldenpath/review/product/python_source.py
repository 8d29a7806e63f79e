"""Python modules of a product: where they are, what they import, what they call."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property, lru_cache

from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.files import Files


class Python:
    """The Python files of a product, parsed when first asked for."""

    def __init__(self, files: Files) -> None:
        self._files = files

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Every Python file."""
        return tuple(self._files.matching("*.py"))

    @cached_property
    def packages(self) -> tuple[str, ...]:
        """Folders of the importable packages: ``src/name`` or ``name`` with an ``__init__.py``, tests left out."""
        homes = {path.removesuffix("/__init__.py") for path in self.files if path.endswith("/__init__.py")}
        top = [home for home in homes if home.count("/") == home.startswith("src/")]
        return tuple(sorted(home for home in top if home.rpartition("/")[2] not in ("tests", "test", "docs")))

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """Every file of the packages."""
        return tuple(path for path in self.files if any(path.startswith(f"{home}/") for home in self.packages))

    @cached_property
    def tests(self) -> tuple[str, ...]:
        """Files that pytest would collect."""
        names = ((path, path.rpartition("/")[2]) for path in self.files)
        return tuple(path for path, name in names if name.startswith("test_") or name.endswith("_test.py"))

    @lru_cache(maxsize=4096)  # noqa: B019 - a product lives as long as its review
    def tree(self, path: str) -> ast.Module:
        """A file's syntax tree.

        Raises:
            BrokenFileError: It does not parse.
        """
        return parse(path, self._files.text(path) or "")

    def imports(self, path: str) -> Iterator[tuple[str, int]]:
        """Every module that a file imports, as written (a relative one with its dots), with the line."""
        for node in ast.walk(self.tree(path)):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = "." * node.level + (node.module or "")
                yield base, node.lineno
                if not node.module:
                    yield from ((f"{base}{alias.name}", node.lineno) for alias in node.names)

    def calls(self, path: str) -> Iterator[tuple[str, ast.Call]]:
        """Every call in a file whose target is a plain dotted name, such as ``pickle.load``."""
        return calls_of(self.tree(path))


def parse(path: str, text: str) -> ast.Module:
    """The syntax tree of a file's text.

    Raises:
        BrokenFileError: It does not parse.
    """
    try:
        return ast.parse(text, filename=path)
    except SyntaxError as error:
        raise BrokenFileError(path, f"is not Python: {error.msg}", error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise BrokenFileError(path, f"is not Python: {error}") from error


def calls_of(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a syntax tree whose target is a plain dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := dotted(node.func)):
            yield name, node


def statements(tree: ast.Module) -> int:
    """How many lines a measure of coverage would count: those on which a statement begins, docstrings left out."""
    lines: set[int] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            lines.add(node.lineno)
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting += getattr(node, name, ())
    return len(lines)


def dotted(node: ast.expr) -> str:
    """The dotted name of an expression; empty where it is not one."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, ast.Name) else ""
