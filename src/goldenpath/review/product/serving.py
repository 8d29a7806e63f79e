"""How the code answers requests: the web framework that it imports, and the routes that it declares."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from goldenpath.review.product import library, python_source

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

FRAMEWORKS = ("fastapi", "starlette", "flask", "litestar", "bentoml", "aiohttp", "sanic", "tornado", "django")
VERBS = frozenset({"get", "post", "put", "patch", "delete", "route", "add_api_route", "api_route"})
_SERVING = "goldenpath/serving/rest/"
"""Where the library declares its routes."""
_DECLARES = re.compile(r"\.(?:get|post)\(\s*\"/")
_STARTS = ("Dockerfile", "compose*.yaml", "compose*.yml", "docker-compose*.y*ml", "deploy/*.yaml", "deploy/*.yml")
"""Where it stands which command a container starts with."""
_SERVES = re.compile(r"\bgoldenpath[\"',\s]+serve\b")
OPERATIONS = frozenset({"/healthz", "/readyz", "/livez", "/health", "/ready", "/metrics"})
"""Routes that a probe or a scraper calls without credentials."""


@dataclass(frozen=True)
class Place:
    """Something found in the code: what, in which file, on which line."""

    what: str
    path: str
    line: int


@lru_cache(maxsize=64)
def web_framework(product: Product) -> Place | None:
    """The first import of a web framework outside the tests; None where nothing answers requests.

    Where the library serves, the first line that starts it.
    """
    for path in _files(product):
        for name, line in product.python.imports(path):
            if name.split(".")[0] in FRAMEWORKS:
                return Place(name, path, line)
    if library.read(product):
        for path in product.matching(*_STARTS):
            if start := product.line_of(path, _SERVES.pattern):
                return Place("goldenpath serve", path, start)
    return None


@lru_cache(maxsize=64)
def routes(product: Product) -> tuple[Place, ...]:
    """Every route with a literal path that a file with a web framework declares, those of operations left out.

    Where the manifest names rest, those of the pinned library too; they have the wheel as their file.
    """
    found = []
    for path in _files(product):
        if any(name.split(".")[0] in FRAMEWORKS for name, _ in product.python.imports(path)):
            found += [Place(route, path, line) for route, line in _declared(product.python.calls(path))]
    pinned = library.read(product)
    if pinned and "rest" in product.manifest.serving:
        for name in sorted(name for name in pinned.names if name.startswith(_SERVING) and name.endswith(".py")):
            if _DECLARES.search(text := pinned.text(name)):
                calls = python_source.calls_of(python_source.parse(name, text))
                found += [Place(route, pinned.wheel, line) for route, line in _declared(calls)]
    return tuple(found)


def _declared(calls: Iterator[tuple[str, ast.Call]]) -> Iterator[tuple[str, int]]:
    """The routes that calls declare, and their lines."""
    for name, call in calls:
        first = call.args[0] if call.args else None
        if name.rpartition(".")[2] not in VERBS or "." not in name or not isinstance(first, ast.Constant):
            continue
        route = first.value
        if isinstance(route, str) and route.startswith("/") and route not in OPERATIONS:
            yield route, call.lineno


def _files(product: Product) -> Iterator[str]:
    """Files that may import a framework: parsing all others would cost most of a review."""
    tests = frozenset(product.python.tests)
    for path in product.python.files:
        if path.startswith(("tests/", "test/")) or path in tests:
            continue
        text = product.text(path) or ""
        if any(name in text for name in FRAMEWORKS):  # several times faster than one pattern of all names
            yield path


def nobody_waits(product: Product) -> str:
    """Why nothing that is asked of an online service applies; empty where it does, or where that is not known.

    The manifest alone does not decide: code that imports a web framework answers requests, whatever is declared.
    """
    declared = product.manifest.serving
    if not declared or product.manifest.is_online or web_framework(product):
        return ""
    return f"it is served as {', '.join(sorted(declared))}, and nothing in the code answers requests"
