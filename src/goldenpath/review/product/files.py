"""The files of a product, read leniently and once: what every reader of a format builds on."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import Any

import yaml

from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.tree import Tree

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, eq=False)
class Files:
    """A product's files; everything is read when first asked for, and then kept.

    Attributes:
        tree: Where they are read from: the work tree, or a commit.
    """

    tree: Tree

    @property
    def paths(self) -> frozenset[str]:
        """Every file that belongs to the product, relative to it."""
        return self.tree.paths

    @lru_cache(maxsize=256)  # noqa: B019 - a product lives as long as its review
    def matching(self, *patterns: str) -> tuple[str, ...]:
        """The product's files that match any of the shell patterns, in order; ``*`` also matches slashes."""
        fits = _pattern(patterns).match
        return tuple(sorted(path for path in self.paths if fits(path)))

    @lru_cache(maxsize=4096)  # noqa: B019
    def text(self, path: str) -> str | None:
        """A file's text; None where there is no such file.

        Raises:
            BrokenFileError: The file cannot be read as UTF-8.
        """
        content = self.tree.read(path)
        if content is None:
            return None
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BrokenFileError(path, f"is not UTF-8 text (byte {error.start})") from error

    def line_of(self, path: str, pattern: str) -> int | None:
        """The number of the line in which the first match of a regular expression ends, counted from 1."""
        text = self.text(path) or ""
        found = re.compile(pattern, re.MULTILINE).search(text)
        return None if found is None else text.count("\n", 0, max(found.start(), found.end() - 1)) + 1

    def line_with(self, path: str, words: str) -> int | None:
        """The number of the first line of a file that holds some words, counted from 1."""
        text = self.text(path) or ""
        place = text.find(words)
        return None if place < 0 else text.count("\n", 0, place) + 1

    @lru_cache(maxsize=512)  # noqa: B019
    def documents(self, path: str) -> tuple[Any, ...]:
        """The documents of a YAML file, empty ones left out; none where there is no such file.

        Raises:
            BrokenFileError: It does not parse.
        """
        text = self.text(path) or ""
        try:
            # The loader is the safe one, in C where there is one.
            found = tuple(yaml.load_all(text, Loader=_Loader))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error).splitlines()[0]
            raise BrokenFileError(path, f"is not YAML: {problem}", mark.line + 1 if mark else None) from error
        # A date such as 2026-02-31; a list as a key; nesting without end.
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise BrokenFileError(path, f"is not YAML: {error}") from error
        return tuple(item for item in found if item is not None)

    def yaml(self, path: str) -> Any:
        """A YAML file's only document; None where there is no such file, or nothing in it.

        Raises:
            BrokenFileError: It does not parse, or holds several documents.
        """
        found = self.documents(path)
        if len(found) > 1:
            raise BrokenFileError(path, f"holds {len(found)} documents, want one")
        return found[0] if found else None

    @lru_cache(maxsize=512)  # noqa: B019
    def toml(self, path: str) -> dict[str, Any] | None:
        """A TOML file's content; None where there is no such file.

        Raises:
            BrokenFileError: It does not parse.
        """
        text = self.text(path)
        try:
            return None if text is None else tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            at = re.search(r"at line (\d+)", str(error))
            raise BrokenFileError(path, f"is not TOML: {error}", int(at[1]) if at else None) from error

    @lru_cache(maxsize=512)  # noqa: B019
    def json(self, path: str) -> Any:
        """A JSON file's content; None where there is no such file.

        Raises:
            BrokenFileError: It does not parse.
        """
        text = self.text(path)
        try:
            return None if text is None else json.loads(text)
        except json.JSONDecodeError as error:
            raise BrokenFileError(path, f"is not JSON: {error.msg}", error.lineno) from error
        except RecursionError as error:
            raise BrokenFileError(path, "is not JSON: nested without end") from error

    def mapping(self, path: str) -> dict[str, Any]:
        """A YAML file that must hold keys and values; empty where there is no such file.

        Raises:
            BrokenFileError: It does not parse, or holds something else.
        """
        content = self.yaml(path)
        if content is None:
            return {}
        if not isinstance(content, dict):
            raise BrokenFileError(path, f"holds a {type(content).__name__}, want keys and values")
        return content

    def records(self, path: str) -> list[dict[str, Any]]:
        """A YAML file that must hold a list of keys and values; empty where there is none or nothing in it.

        Raises:
            BrokenFileError: It does not parse, or holds something else.
        """
        content = self.yaml(path)
        if content is None:
            return []
        if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
            raise BrokenFileError(path, "want a list of entries with keys and values")
        return content


@lru_cache(maxsize=256)
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))
