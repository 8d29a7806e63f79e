"""The files that fixes change: read and written exactly, so that nothing changes but what a fix means to."""

from __future__ import annotations

import difflib
import errno
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile

from goldenpath.fixes.errors import FixError
from goldenpath.product.errors import BrokenFileError
from goldenpath.product.product import Product
from goldenpath.product.tree import OF_ALL, Tree

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
    home = (product.git.root if product.git and is_shared(product, path) else product.root).resolve()
    file = home / path
    # Not resolve(): it fails on links that lead in a circle.
    real = Path(os.path.realpath(file))
    if not real.is_relative_to(home):
        raise FixError(f"{path}: is a link that leads out of the product")
    if real != file or file.is_symlink():
        raise FixError(f"{path}: is a link: change what it leads to")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _replace(file, text.encode("utf-8"))
    except OSError as error:
        raise FixError(f"{path}: cannot be written: {error.strerror}") from error


def _replace(file: Path, content: bytes) -> None:
    """Put a file in another's place, so that a full disk or an interrupt leaves the old one whole."""
    if not file.exists():
        file.write_bytes(content)
        return
    if not os.access(file, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as new:
        try:
            new.write(content)
            new.close()
            shutil.copymode(file, new.name)
            Path(new.name).replace(file)
        except OSError:
            Path(new.name).unlink()
            raise


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

    def read(self, path: str) -> bytes | None:
        return self._texts[path] if path in self._texts else self._tree.read(path)
