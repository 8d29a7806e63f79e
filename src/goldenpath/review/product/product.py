"""One product: what a criterion is given to judge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from goldenpath.review.product import codeowners, dvc, manifest, notebooks, python_source, workflows
from goldenpath.review.product.errors import ReviewError
from goldenpath.review.product.files import Files
from goldenpath.review.product.git import Git
from goldenpath.review.product.tree import CommitTree, WorkTree


@dataclass(frozen=True, eq=False)
class Product(Files):
    """One product's files, history and evidence; everything is read when first asked for, and then kept.

    Attributes:
        root: The product's folder, which holds ``golden-path.yaml``; for links in reports.
        git: The repository around it; None where there is none.
        commit: The commit that is judged; None without one.
        from_commit: Whether the files are a commit's, and not the work tree's.
        now: The time of the review; expiry dates are held against it.
    """

    root: Path = Path()
    git: Git | None = None
    commit: str | None = None
    from_commit: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def prefix(self) -> str:
        """Where the product lies in its repository: ``""`` or a folder with a slash at its end."""
        if self.git is None:
            return ""
        inside = self.root.resolve().relative_to(self.git.root.resolve())
        return "" if inside == Path() else f"{PurePosixPath(inside)}/"

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
