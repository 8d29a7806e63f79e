"""The few things a review asks git, each at most once per repository."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

# A review must not run what a stranger's repository configures, nor take another repository from the environment.
_HARMLESS = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")
FIELD, RECORD = "\x1f", "\x1e"


@dataclass(frozen=True)
class Commit:
    """One commit: its id, its author's and committer's addresses, ISO time of commit, parents, and subject."""

    sha: str
    author: str
    committer: str
    when: str
    parents: tuple[str, ...]
    subject: str
    trailers: tuple[str, ...] = ()


class Git:
    """A git repository, read only.

    Attributes:
        root: The top of its work tree.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def at(cls, folder: Path) -> Git | None:
        """The repository that holds ``folder``; None where there is no git or no repository."""
        try:
            top = _run(folder, "rev-parse", "--show-toplevel")
        except (OSError, subprocess.CalledProcessError):
            return None
        return cls(Path(os.fsdecode(top).rstrip("\n")))

    def run(self, *words: str, data: bytes | None = None) -> str | None:
        """What git prints, or None where it fails."""
        found = self.raw(*words, data=data)
        return None if found is None else found.decode("utf-8", "surrogateescape")

    def raw(self, *words: str, data: bytes | None = None) -> bytes | None:
        """What git prints, undecoded, or None where it fails."""
        try:
            return _run(self.root, *words, data=data)
        except (OSError, subprocess.CalledProcessError):
            return None

    @cached_property
    def head(self) -> str | None:
        """The id of the commit checked out; None before the first."""
        return self.resolve("HEAD")

    @lru_cache(maxsize=256)  # noqa: B019 - a review holds few repositories and is short
    def resolve(self, revision: str) -> str | None:
        """The id of the commit that a revision names, or None."""
        found = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return found.strip() if found else None

    @lru_cache(maxsize=256)  # noqa: B019
    def tree_of(self, revision: str) -> str | None:
        """The id of a commit's tree, or None."""
        found = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}")
        return found.strip() if found else None

    @cached_property
    def is_shallow(self) -> bool:
        """Whether history was cut off when the repository was cloned."""
        return (self.run("rev-parse", "--is-shallow-repository") or "").strip() == "true"

    @cached_property
    def changed(self) -> frozenset[str]:
        """Tracked files that differ from the commit checked out, relative to :attr:`root`."""
        found = self.run("status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames") or ""
        return frozenset(entry[3:] for entry in found.split("\0") if entry)

    @cached_property
    def tracked(self) -> tuple[str, ...]:
        """Every file in git's index, relative to :attr:`root`."""
        return _paths(self.run("ls-files", "-z"))

    @cached_property
    def candidates(self) -> tuple[str, ...]:
        """Files in the index or new and not ignored, relative to :attr:`root`."""
        return _paths(self.run("ls-files", "-z", "--cached", "--others", "--exclude-standard"))

    @lru_cache(maxsize=8)  # noqa: B019
    def files_at(self, revision: str) -> tuple[str, ...]:
        """Every file of a commit, relative to :attr:`root`."""
        return _paths(self.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", revision))

    @lru_cache(maxsize=8)  # noqa: B019
    def history(self, revision: str, limit: int = 50) -> tuple[Commit, ...]:
        """The newest commits of the first-parent line, the newest first."""
        layout = FIELD.join(("%H", "%ae", "%ce", "%cI", "%P", "%s", "%(trailers:unfold,separator=%x00)")) + RECORD
        found = self.run("log", "--first-parent", f"--max-count={limit}", f"--format={layout}", revision, "--") or ""
        commits = []
        for record in found.split(RECORD)[:-1]:
            sha, author, committer, when, parents, subject, trailers = record.strip("\n").split(FIELD)
            parts = tuple(filter(None, trailers.split("\0")))
            commits.append(Commit(sha, author, committer, when, tuple(parents.split()), subject, parts))
        return tuple(commits)

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The names of all tags."""
        return tuple((self.run("tag", "--list") or "").split())

    def differs(self, older: str, newer: str, paths: tuple[str, ...]) -> bool:
        """Whether any of ``paths`` (git pathspecs from the root; none means everything) differs between two commits."""
        return self.run("diff", "--quiet", older, newer, "--", *paths) is None


def _paths(found: str | None) -> tuple[str, ...]:
    return tuple(sorted(set(filter(None, (found or "").split("\0")))))


def _run(folder: Path, *words: str, data: bytes | None = None) -> bytes:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    command = ["git", *_HARMLESS, *words]
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, input=data or b"")
    return done.stdout
