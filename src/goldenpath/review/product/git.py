"""The few things a review asks git, each at most once per repository.

A review must not run what a stranger's repository configures, nor take another repository from the environment.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import IO

from goldenpath.repository.git import HARMLESS, harmless, harmless_environment

FIELD, RECORD = "\x1f", "\x1e"
PIECE = 2**20
"""Bytes of a large object that are held at a time."""


@dataclass(frozen=True)
class Commit:
    """One commit: its id, its author's and committer's addresses, ISO time of commit, parents, subject, and tree."""

    sha: str
    author: str
    committer: str
    when: str
    parents: tuple[str, ...]
    subject: str
    trailers: tuple[str, ...] = ()
    tree: str = ""


class Git:
    """A git repository, read only.

    Attributes:
        root: The top of its work tree.
    """

    def __init__(self, root: Path, *, is_shallow: bool | None = None) -> None:
        self.root, self._is_shallow = root, is_shallow
        self.objects = Objects(root)

    @classmethod
    def at(cls, folder: Path) -> Git | None:
        """The repository that holds ``folder``; None where there is no git or no repository."""
        try:
            found = harmless(folder, "rev-parse", "--is-shallow-repository", "--show-toplevel")
        except (OSError, subprocess.CalledProcessError):
            return None
        shallow, _, top = found.partition(b"\n")
        return cls(Path(os.fsdecode(top).rstrip("\n")), is_shallow=shallow == b"true")

    def run(self, *words: str, data: bytes | None = None) -> str | None:
        """What git prints, or None where it fails."""
        found = self.raw(*words, data=data)
        return None if found is None else found.decode("utf-8", "surrogateescape")

    def raw(self, *words: str, data: bytes | None = None) -> bytes | None:
        """What git prints, undecoded, or None where it fails."""
        try:
            return harmless(self.root, *words, data=data)
        except (OSError, subprocess.CalledProcessError):
            return None

    @cached_property
    def head(self) -> str | None:
        """The id of the commit checked out; None before the first."""
        return self.resolve("HEAD")

    @lru_cache(maxsize=256)  # noqa: B019 - a review holds few repositories and is short
    def resolve(self, revision: str) -> str | None:
        """The id of the commit that a revision names, or None."""
        return self.objects.id_of(f"{revision}^{{commit}}")

    @lru_cache(maxsize=256)  # noqa: B019
    def tree_of(self, revision: str) -> str | None:
        """The id of a commit's tree, or None."""
        return self.objects.id_of(f"{revision}^{{tree}}")

    @property
    def is_shallow(self) -> bool:
        """Whether history was cut off when the repository was cloned."""
        if self._is_shallow is None:
            self._is_shallow = (self.run("rev-parse", "--is-shallow-repository") or "").strip() == "true"
        return self._is_shallow

    @cached_property
    def changed(self) -> frozenset[str]:
        """Tracked files that differ from the commit checked out, relative to :attr:`root`."""
        found = self.run("status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames") or ""
        return frozenset(entry[3:] for entry in found.split("\0") if entry)

    @cached_property
    def remote(self) -> str:
        """The address of ``origin``; empty without one."""
        return (self.run("config", "--get", "remote.origin.url") or "").strip()

    @property
    def tracked(self) -> tuple[str, ...]:
        """Every file in git's index, relative to :attr:`root`."""
        return self._listed[0]

    @property
    def candidates(self) -> tuple[str, ...]:
        """Files in the index or new and not ignored, relative to :attr:`root`."""
        return self._listed[1]

    @cached_property
    def _listed(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        found = self.run("ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard") or ""
        entries = [entry.split(" ", 1) for entry in found.split("\0") if entry]
        tracked = {path for tag, path in entries if tag != "?"}
        return tuple(sorted(tracked)), tuple(sorted({path for _, path in entries}))

    @lru_cache(maxsize=8)  # noqa: B019
    def sizes_at(self, revision: str) -> dict[str, int]:
        """The bytes of every file of a commit, relative to :attr:`root`."""
        found = self.run("ls-tree", "-r", "-l", "-z", "--full-tree", revision) or ""
        entries = (entry.split("\t", 1) for entry in found.split("\0") if entry)
        # A module of another repository has no size, and no files here.
        return {path: int(size) for about, path in entries if (size := about.split()[-1]).isdigit()}

    @lru_cache(maxsize=8)  # noqa: B019
    def files_at(self, revision: str) -> tuple[str, ...]:
        """Every file of a commit, relative to :attr:`root`."""
        return tuple(sorted(self.sizes_at(revision)))

    @lru_cache(maxsize=8)  # noqa: B019
    def history(self, revision: str, limit: int = 50) -> tuple[Commit, ...]:
        """The newest commits of the first-parent line, the newest first."""
        layout = FIELD.join(("%H", "%ae", "%ce", "%cI", "%P", "%s", "%T", "%(trailers:unfold,separator=%x00)")) + RECORD
        found = self.run("log", "--first-parent", f"--max-count={limit}", f"--format={layout}", revision, "--") or ""
        commits = []
        for record in found.split(RECORD)[:-1]:
            sha, author, committer, when, parents, subject, tree, trailers = record.strip("\n").split(FIELD)
            parts = tuple(filter(None, trailers.split("\0")))
            commits.append(Commit(sha, author, committer, when, tuple(parents.split()), subject, parts, tree))
        return tuple(commits)

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The names of all tags."""
        return tuple((self.run("tag", "--list") or "").split())

    @lru_cache(maxsize=8)  # noqa: B019
    def tags_before(self, commit: str) -> tuple[str, ...]:
        """The names of the tags that lead to a commit or one before it, the newest first."""
        return tuple((self.run("tag", "--list", "--sort=-creatordate", "--merged", commit) or "").split())

    @lru_cache(maxsize=256)  # noqa: B019
    def is_before(self, older: str, newer: str) -> bool:
        """Whether one commit leads to another, or is the same."""
        return older == newer or self.run("merge-base", "--is-ancestor", older, newer) is not None

    def differs(self, older: str, newer: str, paths: tuple[str, ...]) -> bool:
        """Whether any of ``paths`` (git pathspecs from the root; none means everything) differs between two commits."""
        return self.run("diff", "--quiet", older, newer, "--", *paths) is None


class Objects:
    """What is stored in a repository, told by one process that answers as long as it is asked.

    An object is named as ``git rev-parse`` takes it: by its id, a revision, or a commit, a colon and a path.
    """

    def __init__(self, root: Path) -> None:
        self._root, self._alone = root, threading.Lock()
        self._pipes: tuple[IO[bytes], IO[bytes]] | None = None

    def id_of(self, name: str) -> str | None:
        """The id of an object, or None."""
        with self._asked(name) as found:
            return None if found is None else found.id

    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is none of that name, or it is no file."""
        with self._asked(name) as found:
            return b"".join(found.pieces) if found and found.kind == b"blob" else None

    def sha256(self, name: str) -> str | None:
        """The digest of a file's content, however large it is, or None."""
        with self._asked(name) as found:
            if found is None or found.kind != b"blob":
                return None
            digest = hashlib.sha256()
            for piece in found.pieces:
                digest.update(piece)
            return digest.hexdigest()

    @contextmanager
    def _asked(self, name: str) -> Iterator[_Object | None]:
        """Git's answer about an object; what is not taken of its content is thrown away."""
        if "\n" in name:  # the protocol has no way to name it
            yield None
            return
        with self._alone:
            try:
                asked, answers = self._pipes or self._start()
                asked.write(f"{name}\n".encode("utf-8", "surrogateescape"))
                asked.flush()
            except OSError:  # there is no git, or it refused to go on
                yield None
                return
            words = answers.readline().split()
            if len(words) != 3 or not words[2].isdigit():
                yield None
                return
            found = _Object(words[0].decode(), words[1], _taken(answers, int(words[2])))
            try:
                yield found
            finally:
                deque(found.pieces, maxlen=0)

    def _start(self) -> tuple[IO[bytes], IO[bytes]]:
        running = subprocess.Popen(
            ["git", *HARMLESS, "cat-file", "--batch"],
            cwd=self._root,
            env=harmless_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        if running.stdin is None or running.stdout is None:
            raise OSError("git cat-file has no pipes")
        self._pipes = running.stdin, running.stdout
        weakref.finalize(self, _end, running)
        return self._pipes


@dataclass(frozen=True)
class _Object:
    """One object: its id, its kind (``blob``, ``tree``, ``commit`` or ``tag``), and its content by and by."""

    id: str
    kind: bytes
    pieces: Iterator[bytes]


def _taken(answers: IO[bytes], size: int) -> Iterator[bytes]:
    while size > 0 and (piece := answers.read(min(size, PIECE))):
        size -= len(piece)
        yield piece
    answers.read(1)  # the line break after it


def _end(running: subprocess.Popen[bytes]) -> None:
    for pipe in (running.stdin, running.stdout):
        if pipe is not None:
            pipe.close()
    running.wait()
