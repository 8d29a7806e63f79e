"""A fingerprint for each stage: of the library's modules that it imports, and of the packages that decide its results.

DVC compares them as parameters (``vendor/stages.yaml``), so a new version of the library makes exactly those stages
stale whose code changed. Made with Python's standard library alone, because a project is generated where nothing else
need be installed.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

FILE = Path("vendor/stages.yaml")
LOCK = Path("requirements/train.txt")
PACKAGE = "goldenpath"
STAGES: Mapping[str, tuple[str, ...]] = {
    "ingest": ("pandas", "pyarrow"),
    "validate": ("pandas", "pandera", "pyarrow"),
    "split": ("numpy", "pandas", "scikit-learn"),
    "train": ("numpy", "pandas", "scikit-learn", "scipy", "skops"),
    "evaluate": ("numpy", "pandas", "scikit-learn", "scipy"),
    "export": ("onnx", "onnxruntime", "scikit-learn", "skl2onnx", "skops"),
    "reference": ("numpy", "onnxruntime", "pyarrow"),
    "staleness": ("numpy", "pandas", "scikit-learn"),
}
"""Each stage, and the packages whose version decides what it writes; the stage's module has its name."""
TEAMS = frozenset({"ingest", "train", "staleness"})
"""Stages that call functions of the team."""
READERS = ("goldenpath.tables.table_io", "goldenpath.tables.months")
"""What a team's source reads tables with, so the rows of ``ingest`` follow from it."""
_HEAD = "# Made from the library and requirements/train.txt; changed by `goldenpath lock`, never by hand.\n"
_LIBRARY = re.compile(rf"^{PACKAGE}==\S+ \\\n\s+--hash=sha256:([0-9a-f]{{64}})", re.MULTILINE)
_IMPORT = re.compile(
    rf"^[ \t]*from[ \t]+(?P<parent>{PACKAGE}[\w.]*)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n#]+)"
    rf"|^[ \t]*import[ \t]+(?P<module>{PACKAGE}[\w.]*)",
    re.MULTILINE,
)
_COMMENT = re.compile(r"#[^\n]*")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+?)(?:\s*;\s*(.*?))?\s*\\?$")


def text(sources: Path, project: Path) -> str:
    """The content of :data:`FILE` for a project.

    Args:
        sources: The folder that holds the package ``goldenpath``.
        project: The project's folder, for the packages that it locks and those that its ``pyproject.toml`` asks for.
    """
    lock = (project / LOCK).read_text(encoding="utf-8")
    versions = _versions(lock)
    own = _own_packages(project / "pyproject.toml")
    lines = [f"{stage}: {fingerprint(sources, stage, own, versions)}" for stage in STAGES]
    if pinned := _LIBRARY.search(lock):
        lines.append(f"library: {pinned[1]}")  # the wheel that they were made from; no stage reads it
    return _HEAD + "\n".join([*lines, ""])


def fingerprint(sources: Path, stage: str, own: Iterable[str], versions: Mapping[str, str]) -> str:
    """Twenty hexadecimal digits that change with the stage's code or with a package that decides its results.

    Args:
        sources: The folder that holds the package ``goldenpath``.
        stage: The stage's name in ``dvc.yaml``.
        own: Packages that the project itself asks for; they decide what its source and its model do.
        versions: Each locked package with its version.
    """
    made = hashlib.sha256()
    roots = (f"{PACKAGE}.pipeline.{stage}", *(READERS if stage == "ingest" else ()))
    for path in closure(sources, *roots):
        made.update(f"{path.relative_to(sources).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    for name in sorted({*STAGES[stage], *(own if stage in TEAMS else ())}):
        made.update(f"{name}={versions.get(name, '')}\0".encode())
    return made.hexdigest()[:20]


def closure(sources: Path, *modules: str) -> list[Path]:
    """The files of modules and of all of the library that they import, directly or not, in order of their paths."""
    waiting, found = list(modules), set[Path]()
    while waiting:
        name = waiting.pop()
        path = _file(sources, name)
        if path is None or path in found:
            continue
        found.add(path)
        waiting += [*_imports(path), *_packages(name)]
    return sorted(found)


def _packages(module: str) -> Iterator[str]:
    """The packages that a module lies in, which Python imports before it; but for the library's own.

    That one holds the version and nothing else, and would make every stage stale with every release.
    """
    parts = module.split(".")
    yield from (".".join(parts[:end]) for end in range(2, len(parts)))


def _file(sources: Path, module: str) -> Path | None:
    base = sources.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


@cache
def _imports(path: Path) -> tuple[str, ...]:
    """The modules of the library that a file imports, and the names from them, any of which may be a module too.

    Read from the text: parsing all of a pipeline's modules takes longer than all else that generates a project.
    """
    named: list[str] = []
    for line in _IMPORT.finditer(path.read_text(encoding="utf-8")):
        if line["module"]:
            named.append(line["module"])
        else:
            names = _COMMENT.sub("", line["names"]).strip("()").split(",")
            named += [line["parent"], *(f"{line['parent']}.{name.split()[0]}" for name in names if name.strip())]
    return tuple(named)


def _own_packages(path: Path) -> list[str]:
    """What the project's ``train`` extra asks for besides the library."""
    asked = tomllib.loads(path.read_text(encoding="utf-8"))["project"].get("optional-dependencies", {}).get("train", ())
    names = (_key(re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]) for requirement in asked)
    return [name for name in names if name != PACKAGE]


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _versions(lock: str) -> dict[str, str]:
    """Each locked package with its versions; a universal lock has several, for several Pythons."""
    pinned: dict[str, list[str]] = {}
    for name, version, marker in _pins(lock.splitlines()):
        pinned.setdefault(_key(name), []).append(f"{version};{marker}" if marker else version)
    return {name: ",".join(sorted(found)) for name, found in pinned.items()}


def _pins(lines: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for line in lines:
        if pin := _PIN.match(line):
            yield pin[1], pin[2], pin[3] or ""
