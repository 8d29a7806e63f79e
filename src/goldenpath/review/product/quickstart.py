"""The README's quickstart: the commands that somebody new is told to type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from goldenpath.review.product import markdown

if TYPE_CHECKING:
    from goldenpath.review.product.markdown import Fence
    from goldenpath.review.product.product import Product

PLACES = ("README.md", "readme.md", "Readme.md")
SHELLS = frozenset({"sh", "bash", "shell", "console"})
_TITLE = re.compile(r"quick ?-?start|getting started|fresh clone|first steps", re.IGNORECASE)

_WIDER = re.compile(r"get started|install|set ?up\b|usage|how to (?:run|use)|development", re.IGNORECASE)
"""What a README without a quickstart calls the sections that together are one."""


def place(product: Product) -> str:
    """The README; empty where there is none."""
    return next((path for path in PLACES if path in product.paths), "")


def read(product: Product) -> list[tuple[int, str]]:
    """The commands of the shell blocks under a heading such as "Quickstart" or "From a fresh clone", with their lines.

    Comments and prompts are left out and continued lines are joined, so these are the words to run, in order.

    Raises:
        BrokenFileError: The README is not text.
    """
    path = place(product)
    document = markdown.read(product, path) if path else None
    for title in (_TITLE, _WIDER):
        blocks = [fence for section in document or () if title.search(section.title) for fence in section.fences]
        if found := [found for fence in blocks if fence.language in SHELLS for found in _commands(fence)]:
            return found
    return []


def _commands(fence: Fence) -> Iterator[tuple[int, str]]:
    start, parts = 0, ""
    for number, line in enumerate(fence.lines, fence.line):
        bare = re.sub(r"\s+#.*$|^#.*$", "", line.strip()).removeprefix("$ ").strip()
        start = start if parts else number
        if bare.endswith("\\"):
            parts += bare.removesuffix("\\")
        elif parts + bare:
            yield start, " ".join((parts + bare).split())
            parts = ""
