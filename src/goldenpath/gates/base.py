"""The commit that a pull request is compared with: where its branch left the base branch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goldenpath.gates.verdict import InconclusiveError
from goldenpath.repository import git

DEFAULT = "origin/main"


@dataclass(frozen=True)
class Base:
    """A commit to compare with.

    Attributes:
        root: The project's folder.
        ref: How it was asked for, such as ``origin/main``.
        commit: The last commit that the work tree's branch shares with it.
    """

    root: Path
    ref: str
    commit: str

    def text(self, path: Path) -> str | None:
        """A file as it was there, relative to the project's folder; None where there was none."""
        return text(self.root, self.commit, path)

    def paths(self, *patterns: str) -> list[str]:
        """The files below the project's folder that git held there and that match one of the patterns."""
        held = git.run(self.root, "ls-tree", "-r", "-z", "--name-only", self.commit).split("\0")
        return [path for path in held if path and any(Path(path).match(pattern) for pattern in patterns)]


def text(root: Path, commit: str, path: Path) -> str | None:
    """A file that git keeps, relative to the project's folder; None where the commit has none."""
    shown = git.run_or_none(root, "show", f"{commit}:./{path}")
    if shown is None and git.run(root, "ls-tree", "--name-only", commit, "--", str(path)):
        return git.run(root, "show", f"{commit}:./{path}")  # git holds it, so what went wrong is to be told
    return shown


def find(root: Path, ref: str) -> Base:
    """Find the commit. A project without a remote has no base branch yet: what counts is its last commit.

    Args:
        root: The project's folder.
        ref: A branch, tag or commit.

    Raises:
        InconclusiveError: git does not know it, or this clone's history does not reach back to it.
    """
    if git.run_or_none(root, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}") is None:
        last = git.run_or_none(root, "rev-parse", "HEAD")
        if ref == DEFAULT and last and not git.run_or_none(root, "remote"):
            return Base(root, "HEAD", last)
        raise InconclusiveError(
            f"{ref} is not in this clone, so there is nothing to compare with.",
            "Get it by `git fetch origin`, or name another commit: --base main",
        )
    commit = git.run_or_none(root, "merge-base", ref, "HEAD")
    if commit is None:
        raise InconclusiveError(
            f"{ref} and HEAD share no commit that this clone holds.", "Get the whole history: git fetch --unshallow"
        )
    return Base(root, ref, commit)
