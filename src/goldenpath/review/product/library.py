"""The library that a product pins: the wheel in ``vendor/``, what the locks say of it, and the code that it holds.

Code of the platform counts as a product's own only where one release of it is pinned by its digest: the wheel is the
file that every lock names, the fingerprints of the stages were made from it, and a wheel of the version that judges
holds what that release holds. Whether an older or newer version is a release cannot be told from here.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import goldenpath
from goldenpath.pipeline import fingerprints
from goldenpath.review.product import requirements
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.tree import LARGEST_ARCHIVE, sha256

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

NAME = "goldenpath"
STAGES = "vendor/stages.yaml"
"""Fingerprints of the stages' code, which DVC compares as parameters."""
PIN = "library"
"""The entry of :data:`STAGES` that tells the digest of the wheel they were made from."""
TRAINS = "train"
"""The stage of the library that learns."""
_WHEEL = re.compile(rf"vendor/{NAME}-([^-/]+)-py3-none-any\.whl")
_ENTRY = re.compile(rf"^{NAME}==(\S+)((?:.*\\\n)*.*)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})\b")
_STAGE = re.compile(rf"(?:^|\s|/){NAME}\s+stage\s+([\w-]+)")
_RECORDED = re.compile(rf"^({NAME}/[^,\n]+),sha256=([^,\n]+),", re.MULTILINE)


@dataclass(frozen=True)
class Fault:
    """What contradicts the pin: in words, with the file and line that say so."""

    text: str
    path: str
    line: int | None = None


@dataclass(frozen=True)
class Library:
    """The library as one product pins it; without a version where it pins none.

    Attributes:
        version: The version that wheel or locks name.
        wheel: The wheel's path; empty where the library comes from an index.
        digest: SHA-256 of the wheel, hexadecimal.
        fault: What contradicts the pin; None where nothing does.
        archive: The wheel's files; None without a wheel that can be read.
    """

    version: str = ""
    wheel: str = ""
    digest: str = ""
    fault: Fault | None = None
    archive: zipfile.ZipFile | None = field(default=None, repr=False, compare=False)

    def __bool__(self) -> bool:
        return bool(self.version)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every file of the library. Where the wheel lies on an index, those of the version that judges."""
        if self.archive is not None:
            return frozenset(self.archive.namelist())
        home = Path(goldenpath.__file__).parent
        return frozenset(path.relative_to(home.parent).as_posix() for path in home.rglob("*") if path.is_file())

    def text(self, name: str) -> str:
        """A file of the library; empty where it holds none of that name."""
        if name not in self.names:
            return ""
        if self.archive is not None:
            return self.archive.read(name).decode("utf-8", "replace")
        return (Path(goldenpath.__file__).parents[1] / name).read_text(encoding="utf-8")

    def texts(self, folder: str) -> Iterator[str]:
        """The Python files of the library in a folder, one after the other."""
        yield from (self.text(name) for name in sorted(self.names) if name.startswith(folder) and name.endswith(".py"))

    def stage(self, command: str) -> str:
        """The file of the library that holds the stage a command runs; empty where it runs none of the library's."""
        called = _STAGE.search(command)
        name = f"{NAME}/pipeline/{called[1].replace('-', '_')}.py" if self and called else ""
        return name if called and called[1] in fingerprints.STAGES and name in self.names else ""

    def has_verb(self, verb: str) -> bool:
        """Whether the library's command has a verb."""
        return f'"{verb}": (' in self.text(f"{NAME}/cli/__init__.py")


@lru_cache(maxsize=64)
def read(product: Product) -> Library:
    """Read which library a product pins, and hold the wheel against the locks.

    Raises:
        BrokenFileError: A lock cannot be read.
    """
    wheels = [path for path in product.paths if _WHEEL.fullmatch(path)]
    entries = list(_entries(product))
    if not wheels and not entries:
        return Library()
    if len(wheels) > 1:
        return Library("several", fault=Fault(f"lies beside {len(wheels) - 1} others: one is installed", min(wheels)))
    if not wheels:
        return _of_index(entries)
    wheel = wheels[0]
    found = _WHEEL.fullmatch(wheel)
    version = found[1] if found else ""
    digest = sha256(product.tree, wheel) or ""
    try:
        archive = zipfile.ZipFile(io.BytesIO(product.tree.read(wheel, LARGEST_ARCHIVE) or b""))
    except (zipfile.BadZipFile, BrokenFileError):
        return Library(version, wheel, digest, Fault("is no wheel that can be read", wheel))
    fault = _lock_fault(entries, wheel, version, digest) or _content_fault(archive, wheel, version)
    return Library(version, wheel, digest, fault or _stages_fault(product, digest), archive)


def _entries(product: Product) -> Iterator[tuple[str, int, str, frozenset[str]]]:
    """What each lock says of the library: the lock, the line, the version and the digests."""
    for path in product.matching(*requirements.TEXT):
        text = product.text(path) or ""
        for found in _ENTRY.finditer(text) if NAME in text else ():
            digests = _HASH.findall(found[2].partition(" #")[0])
            yield path, text.count("\n", 0, found.start()) + 1, found[1], frozenset(digests)


def _of_index(entries: list[tuple[str, int, str, frozenset[str]]]) -> Library:
    """The library where a company's index serves it: the locks must agree, and its files are not here."""
    _, _, version, digests = entries[0]
    fault = None
    for path, line, other, hashes in entries:
        if not hashes:
            fault = fault or Fault(f"{NAME} {other} is pinned by no digest", path, line)
        elif (other, hashes) != (version, digests):
            fault = fault or Fault(f"pins another {NAME} than {entries[0][0]}", path, line)
    return Library(version, digest=min(digests, default=""), fault=fault)


def _lock_fault(
    entries: list[tuple[str, int, str, frozenset[str]]], wheel: str, version: str, digest: str
) -> Fault | None:
    """The first lock that names another file than the wheel, or that none does."""
    if not entries:
        return Fault("is named by no lock: nothing installs it by its digest", wheel)
    for path, line, pinned, hashes in entries:
        if pinned != version:
            return Fault(f"pins {NAME} {pinned}, {wheel} is {version}", path, line)
        if hashes != {digest}:
            return Fault(f"does not name the digest of {wheel}, which is {digest[:12]}…", path, line)
    return None


def _content_fault(archive: zipfile.ZipFile, wheel: str, version: str) -> Fault | None:
    """What in a wheel contradicts its name; a wheel of the version that judges must hold the code that judges."""
    info = f"{NAME}-{version}.dist-info"
    try:
        about = archive.read(f"{info}/METADATA").decode("utf-8", "replace")
        record = _recorded(archive.read(f"{info}/RECORD").decode("utf-8", "replace"))
    except (KeyError, zipfile.BadZipFile):
        return Fault(f"holds no {NAME} {version}", wheel)
    if not re.search(rf"^Name: {NAME}\s*^Version: {re.escape(version)}$", about, re.MULTILINE):
        return Fault(f"calls itself another thing than {NAME} {version}", wheel)
    judges = installed() if version == goldenpath.__version__ else {}
    if other := sorted(name for name in judges if record.get(name) != judges[name]):
        words = f"is called {version} and is not that release: {other[0]} differs from what judges"
        return Fault(words + (f", and {len(other) - 1} more" if len(other) > 1 else ""), wheel)
    return None


def _stages_fault(product: Product, digest: str) -> Fault | None:
    """What says that the fingerprints of the stages are another wheel's."""
    if STAGES not in product.paths:
        return None
    told = str(product.mapping(STAGES).get(PIN) or "")
    if told == digest:
        return None
    words = f"was made from another wheel ({told[:12] or 'none named'}…), so no stage is known to be stale"
    return Fault(words, STAGES, product.line_of(STAGES, rf"^{PIN}\s*:"))


@lru_cache(maxsize=1)
def installed() -> Mapping[str, str]:
    """The digest of each file of the release that judges; empty where a checkout of the library judges."""
    home = Path(goldenpath.__file__).parents[1]
    record = f"{NAME}-{goldenpath.__version__}.dist-info/RECORD"
    if home.is_file():  # run straight from a wheel
        with zipfile.ZipFile(home) as archive:
            return _recorded(archive.read(record).decode())
    path = home / record
    return _recorded(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _recorded(record: str) -> dict[str, str]:
    """The files of the package and their digests, by a wheel's RECORD; what was compiled at install is left out."""
    return {name: digest for name, digest in _RECORDED.findall(record) if not name.endswith(".pyc")}
