"""How the code answers requests: the web framework that it imports, and the routes that it declares."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

FRAMEWORKS = ("fastapi", "starlette", "flask", "litestar", "bentoml", "aiohttp", "sanic", "tornado", "django")
VERBS = frozenset({"get", "post", "put", "patch", "delete", "route", "add_api_route", "api_route"})
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
    """The first import of a web framework outside the tests; None where nothing answers requests."""
    for path in _files(product):
        for name, line in product.python.imports(path):
            if name.split(".")[0] in FRAMEWORKS:
                return Place(name, path, line)
    return None


@lru_cache(maxsize=64)
def routes(product: Product) -> tuple[Place, ...]:
    """Every route with a literal path that a file with a web framework declares, those of operations left out."""
    found = []
    for path in _files(product):
        if not any(name.split(".")[0] in FRAMEWORKS for name, _ in product.python.imports(path)):
            continue
        for name, call in product.python.calls(path):
            first = call.args[0] if call.args else None
            if name.rpartition(".")[2] not in VERBS or "." not in name or not isinstance(first, ast.Constant):
                continue
            route = first.value
            if isinstance(route, str) and route.startswith("/") and route not in OPERATIONS:
                found.append(Place(route, path, call.lineno))
    return tuple(found)


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
