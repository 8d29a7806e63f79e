"""The files of a product, in the work tree or in a commit, behind one face."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, lru_cache
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Protocol

from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.git import Git

LARGEST = 4 * 2**20
"""Bytes. What a person or a tool writes as text is smaller; a larger file is data and never read."""
LARGEST_ARCHIVE = 32 * 2**20
"""Bytes of a wheel that is read: the library's, which is not compressed."""

NEVER_ENTERED = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".mypy_cache"})
MOST_FILES = 200_000
"""Where there is no git to ask, a walk ends here: a review must end on any folder."""


OF_ALL = (".github/", ".gitlab/", "CODEOWNERS", ".pre-commit-config.yaml")
"""What a forge or a hook reads at the top of a repository is every product's in it, under the same path."""


class Tree(Protocol):
    """Files by path, POSIX and relative to the product's folder."""

    @property
    def paths(self) -> frozenset[str]:
        """Every file that belongs to the product: tracked, or new and not ignored."""

    def size(self, path: str) -> int | None:
        """A file's bytes, also of one that git ignores; None where there is no such file."""

    def read(self, path: str, largest: int = LARGEST) -> bytes | None:
        """A file's content of at most ``largest`` bytes, also of one that git ignores; None where there is none.

        Raises:
            BrokenFileError: The file is too large to be read, or leads out of the repository.
        """


class WorkTree:
    """The files on disk."""

    def __init__(self, root: Path, git: Git | None) -> None:
        self._root, self._git = root, git

    @cached_property
    def paths(self) -> frozenset[str]:  # noqa: D102 - see Tree
        if self._git is None:
            return frozenset(_walk(self._root))
        return frozenset(_below(self._git.candidates, _prefix(self._root, self._git)))

    def _file(self, path: str) -> str:
        file = os.path.join(self._root, path)  # noqa: PTH118 - asked a thousand times, and four times as fast
        if self._git and path.startswith(OF_ALL) and not os.path.exists(file):  # noqa: PTH110 - as above
            return os.path.join(self._git.root, path)  # noqa: PTH118 - as above
        return file

    def size(self, path: str) -> int | None:  # noqa: D102
        try:
            found = os.stat(self._file(path))  # noqa: PTH116 - as above
        except (OSError, ValueError):
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def read(self, path: str, largest: int = LARGEST) -> bytes | None:  # noqa: D102
        with self._opened(path) as file:
            if file is None:
                return None
            if os.fstat(file.fileno()).st_size > largest:
                raise BrokenFileError(path, f"is larger than {largest // 2**20} MiB, too large to be text")
            return file.read()

    def sha256(self, path: str) -> str | None:
        """See :func:`sha256`."""
        with self._opened(path) as file:
            return None if file is None else hashlib.file_digest(file, "sha256").hexdigest()

    @contextmanager
    def _opened(self, path: str) -> Iterator[BufferedReader | None]:
        if self.size(path) is None:
            yield None
            return
        file = Path(self._file(path))
        try:
            if not self._is_inside(file):
                raise BrokenFileError(path, "is a link that leads out of the repository")
            with file.open("rb") as content:
                yield content
        except OSError as error:  # no permission
            raise BrokenFileError(path, f"cannot be read: {error.strerror}") from error

    def _is_inside(self, file: Path) -> bool:
        """Whether a file lies in the repository, and so do the folders and files that links on the way lead to."""
        return file.resolve().is_relative_to(self._home) if file.is_symlink() else self._holds(file.parent)

    @lru_cache(maxsize=4096)  # noqa: B019 - a tree lives as long as its review
    def _holds(self, folder: Path) -> bool:
        return folder.resolve().is_relative_to(self._home)

    @cached_property
    def _home(self) -> Path:
        return (self._git.root if self._git else self._root).resolve()


class CommitTree:
    """The files of one commit, without a checkout."""

    def __init__(self, root: Path, git: Git, commit: str) -> None:
        self._git, self._commit, self._prefix = git, commit, _prefix(root, git)

    @cached_property
    def paths(self) -> frozenset[str]:  # noqa: D102 - see Tree
        return frozenset(_below(self._git.files_at(self._commit), self._prefix))

    def size(self, path: str) -> int | None:  # noqa: D102
        return self._git.sizes_at(self._commit).get(self._name(path)) if path in self.paths else None

    def read(self, path: str, largest: int = LARGEST) -> bytes | None:  # noqa: D102
        size = self.size(path)
        if size is None:
            return None
        if size > largest:
            raise BrokenFileError(path, f"is larger than {largest // 2**20} MiB, too large to be text")
        return self._git.objects.read(f"{self._commit}:{self._name(path)}")

    def sha256(self, path: str) -> str | None:
        """See :func:`sha256`."""
        return self._git.objects.sha256(f"{self._commit}:{self._name(path)}") if path in self.paths else None

    def _name(self, path: str) -> str:
        own = f"{self._prefix}{path}"
        shared = path.startswith(OF_ALL) and own not in self._git.sizes_at(self._commit)
        return path if shared else own


class DictTree:
    """Files given as text: for criteria that are tried without a disk."""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self._files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}

    @property
    def paths(self) -> frozenset[str]:  # noqa: D102 - see Tree
        return frozenset(self._files)

    def size(self, path: str) -> int | None:  # noqa: D102
        return None if path not in self._files else len(self._files[path])

    def read(self, path: str, largest: int = LARGEST) -> bytes | None:  # noqa: D102
        content = self._files.get(path)
        if content is not None and len(content) > largest:
            raise BrokenFileError(path, f"is larger than {largest // 2**20} MiB, too large to be text")
        return content


def sha256(tree: Tree, path: str) -> str | None:
    """The digest of a file of any size, in hexadecimal; None where there is no such file.

    Raises:
        BrokenFileError: The file leads out of the repository, or cannot be read.
    """
    if isinstance(tree, WorkTree | CommitTree):
        return tree.sha256(path)
    content = tree.read(path, LARGEST_ARCHIVE)
    return None if content is None else hashlib.sha256(content).hexdigest()


def _prefix(root: Path, git: Git) -> str:
    inside = root.resolve().relative_to(git.root.resolve())
    return "" if inside == Path() else f"{PurePosixPath(inside)}/"


def _below(paths: tuple[str, ...], prefix: str) -> Iterator[str]:
    yield from (path.removeprefix(prefix) for path in paths if path.startswith(prefix))
    if prefix:
        yield from (path for path in paths if path.startswith(OF_ALL))


def _walk(root: Path) -> list[str]:
    found: list[str] = []
    for folder, folders, files in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in NEVER_ENTERED)
        found += [(Path(folder) / name).relative_to(root).as_posix() for name in sorted(files)]
        if len(found) >= MOST_FILES:
            return found[:MOST_FILES]
    return found
