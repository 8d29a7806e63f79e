"""Get a version of the library as a wheel: from a checkout, a wheel, a git repository, or the index."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from goldenpath.project import manifest
from goldenpath.project.errors import ProjectError
from goldenpath.repository import git, wheel

_VERSION = re.compile(r"\d+(\.\w+)*")
_ADDRESS = re.compile(r"(?:\w[\w+.-]*://|[\w.-]+@[\w.-]+:)\S+")
_FORGES = {"gh": "https://github.com/", "gl": "https://gitlab.com/", "bb": "https://bitbucket.org/"}
"""Forges as cookiecutter abbreviates them."""
_REF = re.compile(r"(?P<url>.+)@(?P<ref>[^@:/\s]+)")
_UNCOMPARED = re.compile(r"^(?:Summary|Version|Metadata-Version): .*\n", re.MULTILINE)


def obtain(root: Path, source: str, folder: Path) -> Path:
    """Put the wheel of a version into a folder.

    Args:
        root: The project's folder; its manifest names where the template is, for an empty ``source``.
        source: A checkout of the library, a ``.whl`` file, a git repository's address with ``@ref`` or without, or a
            version that the index has.
        folder: Where the wheel goes.

    Returns:
        The wheel.

    Raises:
        ProjectError: The source is none of these, or holds no library.
    """
    source = source or manifest.load(root).template.source
    forge, _, rest = source.partition(":")
    if forge in _FORGES:
        source = _FORGES[forge] + rest
    place = Path(source).expanduser()
    if place.suffix == ".whl" and place.is_file():
        found = Path(shutil.copy(place, folder))
    elif source and place.is_dir():
        found = _built(place, folder)
    elif _ADDRESS.fullmatch(source):
        found = _cloned(source, folder)
    elif _VERSION.fullmatch(source):
        found = _downloaded(source, folder)
    else:
        raise ProjectError(
            f"{source or 'The source of the template'} is no checkout, wheel, git address or version of goldenpath. "
            "Name one: goldenpath upgrade --to PATH, URL or VERSION"
        )
    _refuse_other(found)
    return found


def requirements(built: Path) -> str:
    """What a wheel says that it needs, without its version; equal texts need no locks compiled anew."""
    with zipfile.ZipFile(built) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return _UNCOMPARED.sub("", archive.read(name).decode())


def _built(checkout: Path, folder: Path) -> Path:
    if not (checkout / "src" / wheel.PACKAGE / "__init__.py").is_file():
        raise ProjectError(f"{checkout}: holds no src/{wheel.PACKAGE}, so it is no checkout of the library.")
    return wheel.build(checkout, folder)


def _cloned(address: str, folder: Path) -> Path:
    named = _REF.fullmatch(address)
    url, ref = (named["url"], named["ref"]) if named else (address, "")
    checkout = folder / "checkout"
    try:
        git.run(folder, "clone", "--quiet", url, str(checkout))
        if ref:
            git.run(checkout, "checkout", "--quiet", ref)
    except ProjectError as error:
        raise ProjectError(f"{url}{f' at {ref}' if ref else ''} cannot be fetched: {error}") from error
    return _built(checkout, folder)


def _downloaded(version: str, folder: Path) -> Path:
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    done = subprocess.run(
        [*words, "--dest", str(folder), f"{wheel.PACKAGE}=={version}"], capture_output=True, text=True, check=False
    )
    found = sorted(folder.glob(wheel.PATTERN))
    if done.returncode or not found:
        reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise ProjectError(
            f"pip has no {wheel.PACKAGE} {version} from the index of its settings: {reason}\n"
            "Name a checkout, a wheel or a git address instead: goldenpath upgrade --to PATH"
        )
    return found[0]


def _refuse_other(found: Path) -> None:
    try:
        with zipfile.ZipFile(found) as archive:
            holds = f"{wheel.PACKAGE}/__init__.py" in archive.namelist()
    except zipfile.BadZipFile:
        holds = False
    if not holds or not found.match(wheel.PATTERN):
        raise ProjectError(f"{found.name}: is no wheel of {wheel.PACKAGE}.")
