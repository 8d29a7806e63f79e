"""CQ-07: notebooks without what running them left behind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from goldenpath.review.fixes import edits, files
from goldenpath.review.fixes.edits import Edit
from goldenpath.review.fixes.errors import FixError
from goldenpath.review.product.product import Product

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_CLEAN: Mapping[str, Any] = {"outputs": [], "execution_count": None}


def strip(product: Product) -> dict[str, str]:
    """Take outputs and counts of runs out of every notebook; not a character of the rest changes."""
    return {item.path: _stripped(product, item.path) for item in product.notebooks if item.with_output}


def _stripped(product: Product, path: str) -> str:
    text = files.read(product, path)
    found = []
    for cell in _items(text, dict(_members(text, _start(text)))["cells"]):
        places = dict(_members(text, cell))
        if _value(text, places["cell_type"])[0] != "code":
            continue
        for key in _CLEAN.keys() & places.keys():
            value, end = _value(text, places[key])
            if value:
                found.append(Edit(places[key], end, json.dumps(_CLEAN[key])))
    stripped = edits.apply(text, found)
    if json.dumps(json.loads(stripped.removeprefix(files.BYTE_ORDER_MARK))) != json.dumps(_cleaned(product.json(path))):
        raise FixError(f"{path}: cannot be stripped as it is laid out: nbstripout {path}")
    return stripped


def _cleaned(content: dict[str, Any]) -> dict[str, Any]:
    cells = [
        {key: _CLEAN[key] if value and key in _CLEAN else value for key, value in cell.items()}
        if cell["cell_type"] == "code"
        else cell
        for cell in content["cells"]
    ]
    return {**content, "cells": cells}


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """The keys of the object that begins at a place, and where the value of each begins."""
    at = _past_space(text, at + 1)
    while text[at] == '"':
        key, at = _value(text, at)
        start = _past_space(text, _past_space(text, at) + 1)
        yield key, start
        at = _next(text, _value(text, start)[1])


def _items(text: str, at: int) -> Iterator[int]:
    """Where the items of the list that begins at a place begin."""
    at = _past_space(text, at + 1)
    while text[at] != "]":
        yield at
        at = _next(text, _value(text, at)[1])


def _next(text: str, at: int) -> int:
    """Past the comma after a value, or at the bracket that follows it."""
    at = _past_space(text, at)
    return _past_space(text, at + 1) if text[at] == "," else at


def _value(text: str, at: int) -> tuple[Any, int]:
    return _DECODER.raw_decode(text, at)


def _start(text: str) -> int:
    return _past_space(text, len(files.BYTE_ORDER_MARK) if text.startswith(files.BYTE_ORDER_MARK) else 0)


def _past_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
