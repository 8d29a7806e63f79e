"""What Docker Compose is told to run: the file of an environment, and the one at the root that it is merged with.

A file in ``deploy/overlays/prod`` says what differs there; ``compose.yaml`` at the root says what is the same
everywhere. Compose merges them, so a service is looked at as both describe it together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""What Compose takes unasked, the first it finds."""
PATTERNS = ("deploy/*compose*.yaml", "deploy/*compose*.yml")


def files(product: Product) -> tuple[str, ...]:
    """The files under ``deploy/`` that describe services.

    Raises:
        BrokenFileError: One of them does not parse.
    """
    return tuple(path for path in product.matching(*PATTERNS) if "services" in product.mapping(path))


def of_folder(product: Product, folder: str) -> str:
    """The file of a folder that describes services; empty without one."""
    return next((path for name in NAMES if (path := f"{folder}/{name}") in product.paths), "")


def services(product: Product, path: str) -> dict[str, dict[str, Any]]:
    """The services of a file, each with what the file at the root says of it.

    Raises:
        BrokenFileError: A file does not parse.
    """
    base = next((_services(product, name) for name in NAMES if name in product.paths), {})
    own = _services(product, path)
    return {name: _merged(base.get(name, {}), own.get(name, {})) for name in {**base, **own}}


def labels(service: Mapping[str, Any]) -> dict[str, str]:
    """The labels of a service's containers, written as keys and values or as ``name=value``."""
    found = service.get("labels")
    if isinstance(found, dict):
        return {str(name): str(value) for name, value in found.items()}
    pairs = (str(item).partition("=") for item in (found if isinstance(found, list) else ()))
    return {name: value for name, _, value in pairs}


def _services(product: Product, path: str) -> dict[str, dict[str, Any]]:
    found = product.mapping(path).get("services")
    items = found.items() if isinstance(found, dict) else ()
    return {str(name): item if isinstance(item, dict) else {} for name, item in items}


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    together = labels(base) | labels(own)
    return {**base, **own, **({"labels": together} if together else {})}
