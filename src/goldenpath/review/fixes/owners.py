"""DOC-01 and CQ-06: the owner that the manifest declares, in CODEOWNERS."""

from __future__ import annotations

import re

from goldenpath.review.fixes import files
from goldenpath.review.fixes.errors import FixError
from goldenpath.review.product import codeowners
from goldenpath.review.product.product import Product


def name_owner(product: Product) -> dict[str, str]:
    """Name the manifest's owner in CODEOWNERS, as owner of every file of the product.

    Raises:
        FixError: The manifest names no owner that CODEOWNERS could hold.
        BrokenFileError: The manifest, or CODEOWNERS, cannot be used.
    """
    owner = _declared(product)
    if owner in product.owners.everyone:
        return {}
    path = product.owners.path or codeowners.PLACES[0]
    if files.is_shared(product, path):
        folder = product.prefix.replace(" ", "\\ ")
        return {path: _with_last(files.read(product, path), f"/{folder} {owner}")}
    return {path: _of_everything(product, path, owner)}


def ask_for_reviews(product: Product) -> dict[str, str]:
    """Make the manifest's owner the reviewer of the files that no narrower rule names.

    Raises:
        FixError: As of :func:`name_owner`; or the file speaks for other products too.
        BrokenFileError: The manifest, or CODEOWNERS, cannot be used.
    """
    if product.owners.of_everything:
        return {}
    owner = _declared(product)
    path = product.owners.path or codeowners.PLACES[0]
    if files.is_shared(product, path):
        raise FixError(f"{path} is the whole repository's: its owners decide who reviews every file")
    return {path: _of_everything(product, path, owner)}


def _declared(product: Product) -> str:
    owner = product.manifest.owner
    if not re.fullmatch(r"@[\w.-]+(/[\w.-]+)?|[^@\s#]+@[^@\s#]+", owner):
        raise FixError(f"golden-path.yaml names no owner such as @team or an address: {owner!r}")
    return owner


def _of_everything(product: Product, path: str, owner: str) -> str:
    text = files.read(product, path)
    if numbers := [line for pattern, _, line in product.owners.rules if pattern in codeowners.EVERYTHING]:
        return _joined(text, numbers[-1], owner)
    mark = files.BYTE_ORDER_MARK if text.startswith(files.BYTE_ORDER_MARK) else ""
    # The last rule that matches a file decides: the one for everything stands first.
    return f"{mark}* {owner}{files.line_end(text)}{text.removeprefix(mark)}"


def _joined(text: str, number: int, owner: str) -> str:
    """One more owner beside those of a rule for everything: a rule before it would name one who is never asked."""
    lines = text.splitlines(keepends=True)
    rule, sign, comment = lines[number - 1].partition("#")
    kept = rule.rstrip()
    lines[number - 1] = f"{kept} {owner}{rule[len(kept) :]}{sign}{comment}"
    return "".join(lines)


def _with_last(text: str, rule: str) -> str:
    end = files.line_end(text)
    return f"{text}{'' if not text or text.endswith(chr(10)) else end}{rule}{end}"
