"""The library as one wheel, the same bytes wherever it is made, with nothing but Python's standard library.

Projects hold it in ``vendor/`` and their locks name its digest. It is not compressed: git stores what changed between
two versions, which is less of plain text than of compressed.
"""

from __future__ import annotations

import base64
import hashlib
import re
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from goldenpath.project.errors import ProjectError

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the wheel: the earliest that a zip can hold."""
PACKAGE = "goldenpath"
PATTERN = f"{PACKAGE}-*-py3-none-any.whl"
"""What wheels of the library are called, whichever their version."""
SKIPPED = ("__pycache__", ".mypy_cache", ".ruff_cache")
_EXTRA = re.compile(r"\s*;\s*")


def build(checkout: Path, folder: Path) -> Path:
    """Write the wheel of a checkout of the library.

    Args:
        checkout: The folder of the library's ``pyproject.toml``.
        folder: Where to put the wheel; made where it is missing.

    Returns:
        The wheel's path; its name holds the version.
    """
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = f"{PACKAGE}-{project['version']}.dist-info"
    files = dict(_modules(checkout / "src"))
    files |= {
        f"{info}/METADATA": _metadata(project).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: goldenpath\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": _entry_points(project).encode(),
        f"{info}/licenses/LICENSE": (checkout / "LICENSE").read_bytes(),
    }
    record = f"{info}/RECORD"
    files[record] = _record(files, record).encode()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{PACKAGE}-{project['version']}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return target


@contextmanager
def unpacked(wheel: Path) -> Iterator[Path]:
    """The code of a wheel in a folder of its own, for ``PYTHONPATH``, for as long as this holds.

    Raises:
        ProjectError: It is no zip.
    """
    with TemporaryDirectory(prefix="goldenpath-") as folder:
        try:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)
        except (zipfile.BadZipFile, OSError) as error:
            raise ProjectError(f"{wheel.name}: cannot be unpacked: {error}") from error
        yield Path(folder)


def version(wheel: Path) -> str:
    """The version that a wheel's name holds."""
    return wheel.name.split("-")[1]


def digest(wheel: Path) -> str:
    """SHA-256 of a wheel, as locks and receipts name it."""
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def _modules(sources: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted((sources / PACKAGE).rglob("*")):
        if path.is_file() and path.suffix != ".pyc" and not set(path.parts) & set(SKIPPED):
            yield path.relative_to(sources).as_posix(), path.read_bytes()


def _metadata(project: Mapping[str, Any]) -> str:
    lines = ["Metadata-Version: 2.4", f"Name: {PACKAGE}", f"Version: {project['version']}"]
    lines += [f"Summary: {project['description']}", f"Requires-Python: {project['requires-python']}"]
    lines += [f"License-Expression: {project['license']}", "License-File: LICENSE"]
    lines += [f"Requires-Dist: {requirement}" for requirement in project["dependencies"]]
    for extra, requirements in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {_with_extra(requirement, extra)}" for requirement in requirements]
    return "\n".join([*lines, ""])


def _with_extra(requirement: str, extra: str) -> str:
    name, *marker = _EXTRA.split(requirement, maxsplit=1)
    condition = f"extra == '{extra}'"
    return f"{name} ; ({marker[0]}) and {condition}" if marker else f"{name} ; {condition}"


def _entry_points(project: Mapping[str, Any]) -> str:
    groups = {"console_scripts": project["scripts"], **project.get("entry-points", {})}
    blocks = ("\n".join([f"[{group}]", *(f"{k} = {v}" for k, v in names.items())]) for group, names in groups.items())
    return "\n\n".join(blocks) + "\n"


def _record(files: Mapping[str, bytes], own: str) -> str:
    lines = [f"{name},sha256={_urlsafe(content)},{len(content)}" for name, content in files.items()]
    return "\n".join([*lines, f"{own},,", ""])


def _urlsafe(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
