"""Files of an earlier commit: those that git keeps, and those that DVC keeps."""

from __future__ import annotations

from pathlib import Path

from ..errors import ProjectError
from ..release import git

NO_REMOTE_FALLBACK = "HEAD"
DEFAULT = "origin/main"


class MissingError(ProjectError):
    """A file or commit cannot be had here.

    Attributes:
        reason: What is missing, and where it was looked for.
        mend: The command that brings it.
    """

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(f"{reason} {mend}")
        self.reason, self.mend = reason, mend


def resolve(root: Path, asked: str) -> str:
    """The commit where the work tree's history left that of a revision.

    Without any remote there is no ``origin/main``: a project on one laptop is held against its last commit.

    Args:
        root: The project's folder.
        asked: A branch, tag or commit.

    Raises:
        MissingError: There is no repository, no commit, no such revision, or no commit that both come from.
    """
    try:
        if asked == DEFAULT and not git.run(root, "remote"):
            asked = NO_REMOTE_FALLBACK
        git.run(root, "rev-parse", "--verify", "--quiet", f"{asked}^{{commit}}")
    except ProjectError as error:
        raise MissingError(
            f"git knows no commit {asked}.", "Bring it here: git fetch origin. Or name another: make gate BASE=main"
        ) from error
    try:
        return git.run(root, "merge-base", "HEAD", asked)
    except ProjectError as error:
        raise MissingError(
            f"HEAD and {asked} have no commit in common here.", "In a shallow clone: git fetch --unshallow origin"
        ) from error


def text(root: Path, commit: str, path: Path) -> str | None:
    """A file that git keeps, relative to the project; None where the commit has none."""
    if not git.run(root, "ls-tree", "--name-only", commit, "--", str(path)):
        return None
    return git.run(root, "show", f"{commit}:./{path}")


def stored(root: Path, commit: str, path: Path) -> bytes:
    """A file that DVC keeps, out of the cache or else the remote.

    Raises:
        MissingError: It is in neither, or the remote cannot be reached.
    """
    # Takes a second to import, which most runs save: an unchanged model needs no other.
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException

    try:
        content: bytes = DVCFileSystem(str(root), rev=commit).read_bytes(str(path))
    except (DvcException, OSError) as error:
        raise MissingError(
            f"{path} of commit {commit[:9]} is neither in DVC's cache here nor to be had from its remote "
            f"({' '.join(str(error).split())}).",
            "Send it from where it was trained, with make push; or make it again here: make champion BASE=…",
        ) from error
    return content
