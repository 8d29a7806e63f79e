"""Criteria that can be met mechanically: what ``goldenpath fix`` would write."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from goldenpath.product import codeowners
from goldenpath.product.errors import BrokenFileError
from goldenpath.product.product import Product


class FixError(Exception):
    """A fix cannot be made here; the message says why."""


def strip_notebooks(product: Product) -> dict[str, str]:
    """Take outputs and counts of runs out of every notebook; the rest keeps its layout."""
    found = {}
    for notebook in product.notebooks:
        if not notebook.with_output:
            continue
        text = product.text(notebook.path) or ""
        content = json.loads(text)
        for cell in content["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
        layout = re.match(r"\{\r?\n([ \t]+)", text)
        stripped = json.dumps(content, indent=layout[1] if layout else 1, ensure_ascii=False)
        found[notebook.path] = stripped + "\n"
    return found


def name_owner(product: Product) -> dict[str, str]:
    """Name the manifest's owner as owner of every file, in the CODEOWNERS file that is there or a new one.

    Raises:
        FixError: The manifest names no owner that CODEOWNERS could hold.
    """
    owner = product.manifest.owner
    if owner in product.owners.everyone:
        return {}
    if not re.fullmatch(r"@[\w.-]+(/[\w.-]+)?|[^@\s#]+@[^@\s#]+", owner):
        raise FixError(f"golden-path.yaml names no owner such as @team or an address: {owner!r}")
    path = product.owners.path or codeowners.PLACES[0]
    text = product.text(path) or ""
    # The last rule that matches a file decides: the one for everything stands first.
    return {path: f"* {owner}\n{text}"}


FIXES: Mapping[str, Callable[[Product], dict[str, str]]] = {"DOC-01": name_owner, "CQ-07": strip_notebooks}
"""For each criterion that has one, the new text of each file to change."""


def propose(product: Product, name: str) -> dict[str, str]:
    """The new text of each file that a fix would change; empty where nothing is to do.

    Raises:
        FixError: There is no such fix, or it cannot be made here.
    """
    if name not in FIXES:
        raise FixError(f"{name} cannot be fixed mechanically; these can: {', '.join(sorted(FIXES))}")
    try:
        return FIXES[name](product)
    except BrokenFileError as error:
        raise FixError(f"{error}: mend that first") from error


def diff(product: Product, path: str, text: str) -> list[str]:
    """The lines of a unified diff from a file as it is to its new text."""
    before = (product.text(path) or "").splitlines()
    old = path if path in product.paths else "/dev/null"
    return list(difflib.unified_diff(before, text.splitlines(), old, path, lineterm=""))


def write(product: Product, path: str, text: str) -> None:
    """Write a file of the product.

    Raises:
        FixError: It lies outside of the product, or cannot be written.
    """
    root = product.root.resolve()
    file = root / path
    if not file.resolve().is_relative_to(root):
        raise FixError(f"{path}: is a link that leads out of the product")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise FixError(f"{path}: cannot be written: {error.strerror}") from error
