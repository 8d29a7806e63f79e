"""Files that a machine renders from the team's settings, and whether somebody has edited them by hand.

``vendor/rendered.yaml`` holds the SHA-256 of each, as the library wrote it. That it was written from the settings of
today is told by `goldenpath gate rendered`, which renders anew; the review compares digests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from goldenpath.review.product.tree import sha256

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

FILE = "vendor/rendered.yaml"
ATTRIBUTES = ".gitattributes"
MARK = "linguist-generated"


@dataclass(frozen=True)
class Edited:
    """A generated file that is not as it was written: which, and what is wrong with it."""

    path: str
    text: str


def is_as_written(product: Product, path: str) -> bool:
    """Whether a file is one that the library rendered, and nobody has edited since."""
    digest = product.mapping(FILE).get(path)
    return digest is not None and sha256(product.tree, path) == str(digest)


def edited(product: Product, homes: tuple[str, ...]) -> list[Edited]:
    """The generated files in some folders that are not as the library wrote them.

    Args:
        product: The product.
        homes: Beginnings of paths, such as ``monitoring/``.

    Raises:
        BrokenFileError: The table of digests cannot be used.
    """
    table = {str(path): str(digest) for path, digest in product.mapping(FILE).items()}
    found = []
    for path, digest in sorted(table.items()):
        if path.startswith(homes):
            now = sha256(product.tree, path)
            if now != digest:
                found.append(Edited(path, "is missing" if now is None else "is not what the library wrote"))
    unknown = (path for path in _marked(product) if path.startswith(homes) and path not in table)
    return found + [Edited(path, f"is marked as generated, and {FILE} does not know it") for path in unknown]


def _marked(product: Product) -> Iterator[str]:
    """The files that ``.gitattributes`` marks as generated, where there is a table of them to compare with."""
    if FILE not in product.paths and not product.matching("vendor/*.whl"):
        return
    lines = (line.split() for line in (product.text(ATTRIBUTES) or "").splitlines())
    marks = {MARK, f"{MARK}=true"}
    patterns = [words[0].lstrip("/").replace("**", "*") for words in lines if marks.intersection(words[1:])]
    yield from (path for path in sorted(product.paths) if any(fnmatchcase(path, pattern) for pattern in patterns))
