"""The page that an alert leads to: a file of the product, or a runbook of the library that it pins."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from goldenpath.review.product import library

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

_FOLDER = "/runbooks/"


def page(product: Product, url: str) -> tuple[str, str]:
    """The path and the text of the page behind an address; both empty where neither product nor library has it.

    Args:
        product: The product.
        url: The address; its path ends with that of the file, with or without ``.md``.
    """
    steps = unquote(urlsplit(url).path).strip("/").split("/")
    ends = ["/".join(steps[start:]) for start in range(len(steps))]
    for end in ends:
        if end in product.paths:
            return end, product.text(end) or ""
    pinned = library.read(product)
    for name in sorted(pinned.names) if pinned else ():
        folder, _, file = name.rpartition(_FOLDER)
        if folder and any(f"{_FOLDER}{file}" == f"/{end.removesuffix('.md')}.md" for end in ends):
            return name, pinned.text(name)
    return "", ""
