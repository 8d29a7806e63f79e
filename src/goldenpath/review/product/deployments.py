"""What each environment is told to run: the overlays under ``deploy/``, which only the pipeline of delivery changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

OVERLAYS = "deploy/overlays"
REGISTERED = re.compile(r"^([\w.-]+)@(v\d+\.\d+\.\d+(?:-[\w.]+)?)$")
"""A model version in the registry, as GTO tags it."""
MODEL_KEY = "golden-path/model"
"""The annotation or label by which an overlay says which registered model its image holds."""
NOTHING = f"sha256:{'0' * 64}"
"""The digest of an environment to which nothing has been promoted: no image has it."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Image:
    """One container image: its name, its tag, and its digest (``sha256:…``), each empty where it is not said."""

    name: str
    tag: str
    digest: str
    path: str


@dataclass(frozen=True)
class Deployment:
    """What one environment is told to run.

    Attributes:
        environment: Its name.
        folder: The folder of its overlay.
        images: Its images.
        models: The registered model versions that it names, such as ``churn@v1.2.0``.
        path: The file that names the model version, or the overlay's first.
    """

    environment: str
    folder: str
    images: tuple[Image, ...] = ()
    models: tuple[str, ...] = ()
    path: str = ""


def read(product: Product) -> tuple[Deployment, ...]:
    """The deployments of the manifest's environments that have an overlay, in the order of promotion.

    Raises:
        BrokenFileError: One of their files does not parse.
    """
    return tuple(
        found for name in product.manifest.environments if (found := _read(product, name, f"{OVERLAYS}/{name}"))
    )


def last(product: Product) -> Deployment | None:
    """The deployment of the manifest's last environment, which is production; None where it has no overlay."""
    found, names = read(product), product.manifest.environments
    return found[-1] if found and found[-1].environment == names[-1] else None


def documents(product: Product, folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every YAML document under a folder that holds keys and values, with its file.

    Raises:
        BrokenFileError: A file does not parse.
    """
    for path in product.matching(f"{folder}/*.yaml", f"{folder}/*.yml"):
        yield from ((path, item) for item in product.documents(path) if isinstance(item, dict))


def _read(product: Product, name: str, folder: str) -> Deployment | None:
    images: list[Image] = []
    models: dict[str, str] = {}
    first = ""
    for path, content in documents(product, folder):
        first = first or path
        for key, value in _walk(content):
            if key == "images" and isinstance(value, list):
                images += [_entry(item, path) for item in value if isinstance(item, dict) and "name" in item]
            elif key == "image" and isinstance(value, str):
                images.append(_reference(value, path))
            elif isinstance(value, str) and REGISTERED.match(value):
                models.setdefault(value, path)
    place = next(iter(models.values()), first)
    return Deployment(name, folder, tuple(images), tuple(models), place) if first else None


def _walk(content: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, at any depth."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield str(key), value
        if isinstance(value, (dict, list)):
            yield from _walk(value)


def _entry(raw: dict[str, Any], path: str) -> Image:
    """An entry of Kustomize's ``images``."""
    digest = str(raw.get("digest") or "")
    return Image(
        name=str(raw.get("newName") or raw["name"]),
        tag=str(raw.get("newTag") or ""),
        digest=digest if _DIGEST.fullmatch(digest) else "",
        path=path,
    )


def _reference(text: str, path: str) -> Image:
    """A reference such as ``registry/name:tag@sha256:…``."""
    name, _, digest = text.partition("@")
    base, colon, tag = name.rpartition(":")
    has_tag = bool(colon) and "/" not in tag
    return Image(base if has_tag else name, tag if has_tag else "", digest if _DIGEST.fullmatch(digest) else "", path)
