"""The files that fixes change: read and written exactly, so that nothing changes but what a fix means to."""

from __future__ import annotations

import difflib
import errno
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from secrets import token_hex

from goldenpath.review.fixes.errors import FixError
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.product import Product
from goldenpath.review.product.tree import LARGEST, OF_ALL, Tree

BYTE_ORDER_MARK = "\ufeff"


def read(product: Product, path: str) -> str:
    """A file's text with its line ends and its byte order mark as they are; empty where there is no such file.

    Raises:
        BrokenFileError: It cannot be read as UTF-8.
    """
    try:
        return (product.tree.read(path) or b"").decode("utf-8")
    except UnicodeDecodeError as error:
        raise BrokenFileError(path, f"is not UTF-8 text (byte {error.start})") from error


def line_end(text: str) -> str:
    """How the first line of a text ends; a line feed where nothing ends."""
    place = text.find("\n")
    return "\r\n" if place > 0 and text[place - 1] == "\r" else "\n"


def diff(product: Product, path: str, text: str) -> list[str]:
    """The lines of a unified diff from a file as it is to its new text."""
    before = read(product, path).splitlines()
    old = path if path in product.paths else "/dev/null"
    return list(difflib.unified_diff(before, text.splitlines(), old, path, lineterm=""))


def after(product: Product, texts: Mapping[str, str]) -> Product:
    """The product as it would be with the new texts, none of them written."""
    return replace(product, tree=_Edited(product.tree, texts))


def is_shared(product: Product, path: str) -> bool:
    """Whether a file is the whole repository's, which lies above the product's folder."""
    return bool(product.prefix) and path.startswith(OF_ALL) and not (product.root / path).exists()


def write(product: Product, path: str, text: str) -> None:
    """Write a file of the product, all of it or nothing.

    Raises:
        FixError: It is a link, lies outside of the product, or cannot be written.
    """
    write_all(product, {path: text})


def write_all(product: Product, texts: Mapping[str, str]) -> None:
    """Write files of the product, all of them or none.

    Every new text lies on the disk before the first file gives way to it; where one of them cannot, those before it are
    put back.

    Raises:
        FixError: One is a link, lies outside of the product, or cannot be written.
    """
    targets = {path: _target(product, path) for path in texts}
    made: list[Path] = []
    staged: dict[str, Path] = {}
    kept: dict[str, Path | None] = {}
    current = ""
    try:
        for path, text in texts.items():
            current = path
            made += _folders(targets[path].parent)
            staged[path] = _beside(targets[path], text.encode("utf-8"))
        for path, file in targets.items():
            current = path
            kept[path] = _beside(file, file.read_bytes()) if file.exists() else None
            staged[path].replace(file)
            del staged[path]
    except BaseException as error:  # an interrupt, too, leaves all or nothing
        for path in [path for path in kept if path not in staged]:
            before = kept.pop(path)
            if before is None:
                targets[path].unlink()
            else:
                before.replace(targets[path])
        _remove(staged.values(), kept.values())
        for folder in reversed(made):
            folder.rmdir()
        if isinstance(error, OSError):
            raise FixError(f"{current}: cannot be written: {error.strerror}") from error
        raise
    _remove(kept.values())


def _target(product: Product, path: str) -> Path:
    """Where a file of the product lies on the disk.

    Raises:
        FixError: It is a link, or lies outside of the product.
    """
    home = (product.git.root if product.git and is_shared(product, path) else product.root).resolve()
    file = home / path
    # Not resolve(): it fails on links that lead in a circle.
    real = Path(os.path.realpath(file))
    if not real.is_relative_to(home):
        raise FixError(f"{path}: is a link that leads out of the product")
    if real != file or file.is_symlink():
        raise FixError(f"{path}: is a link: change what it leads to")
    return file


def _folders(folder: Path) -> list[Path]:
    """Make a folder with those above it; those that are new, the highest first."""
    new = [item for item in (folder, *folder.parents) if not item.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return new[::-1]


def _beside(file: Path, content: bytes) -> Path:
    """A file with other content and the rights of the one beside it, to take its place in one step."""
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if file.exists() and not os.access(file, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    new = file.with_name(f".{file.name}.{token_hex(4)}")
    try:
        with new.open("xb") as opened:
            opened.write(content)
        if file.exists():
            shutil.copymode(file, new)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    return new


def _remove(*groups: Iterable[Path | None]) -> None:
    for file in chain(*groups):
        if file is not None:
            file.unlink(missing_ok=True)


class _Edited:
    """A tree in which some files have other texts."""

    def __init__(self, tree: Tree, texts: Mapping[str, str]) -> None:
        self._tree = tree
        self._texts = {path: text.encode("utf-8") for path, text in texts.items()}

    @property
    def paths(self) -> frozenset[str]:
        return self._tree.paths | self._texts.keys()

    def size(self, path: str) -> int | None:
        return len(self._texts[path]) if path in self._texts else self._tree.size(path)

    def read(self, path: str, largest: int = LARGEST) -> bytes | None:
        return self._texts[path] if path in self._texts else self._tree.read(path, largest)
