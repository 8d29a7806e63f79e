"""Changes of a text at places, held against what the changed text must mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import yaml

from goldenpath.review.fixes.errors import FixError


class Edit(NamedTuple):
    """Characters ``start`` to ``end`` of a text give way to other words; the two are equal where some are added."""

    start: int
    end: int
    words: str


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text after edits that do not overlap."""
    for edit in sorted(set(edits), reverse=True):
        text = text[: edit.start] + edit.words + text[edit.end :]
    return text


def compose(path: str, text: str) -> yaml.MappingNode:
    """The tree of a YAML file's keys and values, with the place of each in the text.

    Raises:
        FixError: It holds something else.
    """
    try:
        # The loader in Python counts characters; the one in C counts bytes.
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise FixError(f"{path}: is not YAML: mend that first") from error
    if not isinstance(node, yaml.MappingNode):
        raise FixError(f"{path}: want keys and values")
    return node


def mapping(path: str, text: str) -> dict[Any, Any]:
    """A YAML file's keys and values.

    Raises:
        FixError: It holds something else.
    """
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise FixError(f"{path}: is not YAML: mend that first") from error
    if not isinstance(found, dict):
        raise FixError(f"{path}: want keys and values")
    return found


def value_of(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """What stands behind a key; None where nothing does."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def must_mean(path: str, text: str, intended: Any) -> str:
    """The text, where it parses to exactly what is intended.

    Raises:
        FixError: It parses to anything else.
    """
    try:
        is_meant = mapping(path, text) == intended
    except FixError:
        is_meant = False
    if not is_meant:
        raise FixError(f"{path}: cannot be changed mechanically as it is laid out: change it by hand")
    return text
