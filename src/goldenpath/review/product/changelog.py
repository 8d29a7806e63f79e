"""The changelog: what each release says it changed, and the releases that there were."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from goldenpath.review.product import markdown

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

PLACES = tuple(
    f"{name}.{kind}" for name in ("CHANGELOG", "CHANGES", "HISTORY", "NEWS") for kind in ("md", "rst", "txt")
)
UNRELEASED = "unreleased"
_VERSION = re.compile(r"(?<![\w.])v?(\d+\.\d+(?:\.\d+)?(?:[-+.]?[a-z][\w.]*)?)(?![\w.]*\d)", re.IGNORECASE)


@dataclass(frozen=True)
class Notes:
    """What stands under one release: the heading's line, and the words."""

    line: int
    words: tuple[str, ...]


@dataclass(frozen=True)
class Changelog:
    """A changelog.

    Attributes:
        path: The file; empty where there is none.
        releases: The notes by version without its ``v``, and those of :data:`UNRELEASED`.
    """

    path: str = ""
    releases: Mapping[str, Notes] = field(default_factory=dict)


def read(product: Product) -> Changelog:
    """Read the first changelog of the usual names, whatever their case.

    Raises:
        BrokenFileError: It is not text.
    """
    names = {path.upper(): path for path in sorted(product.paths, reverse=True) if "/" not in path}
    path = next((names[place.upper()] for place in PLACES if place.upper() in names), "")
    document = markdown.read(product, path) if path else None
    if document is None:
        return Changelog()
    releases: dict[str, Notes] = {}
    for section in document:
        name = _release(section.title)
        if name and name not in releases:
            whole = replace(section, text=document.whole(section))
            releases[name] = Notes(section.line, tuple(_without_kinds(whole.words)))
    return Changelog(path, releases)


def released(product: Product) -> tuple[str, ...]:
    """The versions that tags of git released, without their ``v``; of a product in a folder, ``folder/v…``."""
    if product.git is None:
        return ()
    tag = re.compile(rf"{re.escape(product.prefix)}v?(\d+\.\d+(?:\.\d+)?(?:[-+.]?[a-z][\w.]*)?)", re.IGNORECASE)
    return tuple(found[1] for name in product.git.tags if (found := tag.fullmatch(name)))


def _release(title: str) -> str:
    if re.search(r"\bunreleased\b", title, re.IGNORECASE):
        return UNRELEASED
    found = _VERSION.search(title)
    return found[1] if found else ""


def _without_kinds(words: list[str]) -> list[str]:
    """The words that are not the kinds of changes of Keep a Changelog, which say nothing by themselves."""
    kinds = {"added", "changed", "deprecated", "removed", "fixed", "security"}
    return [word for word in words if word.lower() not in kinds]
