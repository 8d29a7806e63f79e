"""A change of one overlay as one commit, made and judged beside the work tree, which moves only when all is well."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from goldenpath.repository import git

_QUIET = ("-c", f"core.hooksPath={os.devnull}")
"""Hooks are about what people write; what is written here is judged by the checklist."""


@contextmanager
def beside(root: Path) -> Iterator[Path]:
    """A work tree of the last commit in a scratch folder, gone afterwards whatever happens.

    Yields:
        The project's folder in it.
    """
    prefix = git.run(root, "rev-parse", "--show-prefix")
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        git.run(root, *_QUIET, "worktree", "add", "--quiet", "--detach", str(tree), "HEAD")
        try:
            yield tree / prefix
        finally:
            # A failure to tidy up must not hide why the change was refused.
            git.run_or_none(root, "worktree", "remove", "--force", str(tree))


def commit(project: Path, subject: str, trailers: Mapping[str, str], body: str = "") -> str:
    """Commit what changed in a scratch work tree.

    Args:
        project: The project's folder in it.
        subject: The first line of the message.
        trailers: Names and values for the end of the message; empty values are left out.
        body: A paragraph between them.

    Returns:
        The commit's id.
    """
    ending = "\n".join(f"{key}: {' '.join(value.split())}" for key, value in trailers.items() if value)
    message = "\n\n".join(filter(None, (subject, body, ending)))
    git.run(project, *_QUIET, "commit", "--quiet", "--all", "--message", message)
    return git.run(project, "rev-parse", "HEAD")


def move_to(root: Path, made: str) -> None:
    """Move the work tree and its branch forward to a commit that was made on top of it."""
    git.run(root, *_QUIET, "merge", "--quiet", "--ff-only", made)
