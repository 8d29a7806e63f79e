"""One product: what a criterion is given to judge."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import translate
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from goldenpath.review.product import codeowners, dvc, manifest, notebooks, python_source, workflows
from goldenpath.review.product.errors import BrokenFileError, ReviewError
from goldenpath.review.product.git import Git
from goldenpath.review.product.tree import CommitTree, Tree, WorkTree

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, eq=False)
class Product:
    """One product's files, history and evidence; everything is read when first asked for, and then kept.

    Attributes:
        tree: The product's files.
        root: The product's folder, which holds ``golden-path.yaml``; for links in reports.
        git: The repository around it; None where there is none.
        commit: The commit that is judged; None without one.
        from_commit: Whether the files are a commit's, and not the work tree's.
        now: The time of the review; expiry dates are held against it.
    """

    tree: Tree
    root: Path = Path()
    git: Git | None = None
    commit: str | None = None
    from_commit: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def paths(self) -> frozenset[str]:
        """Every file that belongs to the product, relative to it."""
        return self.tree.paths

    @cached_property
    def prefix(self) -> str:
        """Where the product lies in its repository: ``""`` or a folder with a slash at its end."""
        if self.git is None:
            return ""
        inside = self.root.resolve().relative_to(self.git.root.resolve())
        return "" if inside == Path() else f"{PurePosixPath(inside)}/"

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

    @cached_property
    def manifest(self) -> manifest.Manifest:
        """What the team declares about the product in ``golden-path.yaml``.

        Raises:
            BrokenFileError: It cannot be used.
        """
        return manifest.read(self)

    @cached_property
    def pyproject(self) -> dict[str, Any]:
        """``pyproject.toml``; empty where there is none."""
        return self.toml("pyproject.toml") or {}

    @cached_property
    def pipeline(self) -> dvc.Pipeline:
        """The stages of ``dvc.yaml``, and what ``dvc.lock`` recorded of them."""
        return dvc.read(self)

    @cached_property
    def workflows(self) -> tuple[workflows.Workflow, ...]:
        """The GitHub workflows of the repository, without those that do not parse."""
        return workflows.read(self)

    @cached_property
    def python(self) -> python_source.Python:
        """The product's Python modules, parsed."""
        return python_source.Python(self)

    @cached_property
    def notebooks(self) -> tuple[notebooks.Notebook, ...]:
        """The product's Jupyter notebooks."""
        return notebooks.read(self)

    @cached_property
    def owners(self) -> codeowners.Owners:
        """Who answers for which files, by ``CODEOWNERS``."""
        return codeowners.read(self)


@lru_cache(maxsize=256)
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))


def open_product(
    folder: Path, revision: str | None = None, now: datetime | None = None, git: Git | None = None
) -> Product:
    """Open the product in a folder, as it lies there or as it was in a commit.

    Args:
        folder: The product's folder; need not be a repository.
        revision: A commit to judge in place of the work tree.
        now: The time of the review; the present unless told.
        git: The repository around it, where that is known already; what it was asked is not asked again.

    Raises:
        ReviewError: There is no such folder, or no such commit.
    """
    if not folder.is_dir():
        raise ReviewError(f"{folder}: no such folder")
    git = git or Git.at(folder)
    moment = now or datetime.now(UTC)
    if revision is None:
        return Product(WorkTree(folder, git), folder, git, git.head if git else None, now=moment)
    commit = git.resolve(revision) if git else None
    if git is None or commit is None:
        hint = " The clone is shallow: fetch more history." if git and git.is_shallow else ""
        raise ReviewError(f"{revision}: no such commit in {folder}.{hint}")
    return Product(CommitTree(folder, git, commit), folder, git, commit, from_commit=True, now=moment)


def open_products(folder: Path, base: str | None = None, now: datetime | None = None) -> list[Product]:
    """Open all products in and below a folder: those with a manifest, or the folder itself where none is.

    Args:
        folder: A product, a repository of several, or a folder of repositories.
        base: A commit whose products count too where their folders still are: to take a manifest away hides no product.
        now: The time of the review; the present unless told.
    """
    git = Git.at(folder)
    homes = _homes(WorkTree(folder, git).paths)
    if git is not None and base is not None:
        homes |= _homes(CommitTree(folder, git, base).paths)
    found = sorted(folder / home for home in homes if (folder / home).is_dir())
    # Git lists no file of a repository within another, so what it listed is its own.
    return [open_product(home, now=now, git=git) for home in found or [folder]]


def _homes(paths: Iterable[str]) -> set[PurePosixPath]:
    homes = {PurePosixPath(path).parent for path in paths if PurePosixPath(path).name == manifest.NAME}
    # A template's manifest is not a product's: its folder is named by what will be filled in.
    return {home for home in homes if not any("{{" in part for part in home.parts)}
