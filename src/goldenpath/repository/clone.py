"""A throwaway clone of the last commit, which shares nothing with the work tree but DVC's remote and its cache."""

from __future__ import annotations

import configparser
import os
import sys
import zipfile
from pathlib import Path

from goldenpath.project.errors import ProjectError
from goldenpath.repository import git
from goldenpath.repository.wheel import digest

LIBRARY = Path(".dvc/tmp/goldenpath")
"""Where a clone's own library is unpacked: DVC's folder for what git does not keep."""
WHEELS = "vendor/goldenpath-*.whl"
INHERITED = ("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
"""What make and Python set for this process would send the clone's own astray."""


def clone(root: Path, place: Path, *, share_cache: bool) -> Path:
    """Clone the last commit of the repository that holds a project.

    Args:
        root: The project's folder.
        place: An empty folder.
        share_cache: Whether the clone may take data from the work tree's DVC cache.

    Returns:
        The project's folder in the clone.

    Raises:
        ProjectError: There is no repository or no commit.
    """
    top = Path(git.run(root, "rev-parse", "--show-toplevel"))
    git.run(root, "clone", "--quiet", "--no-hardlinks", str(top), str(place.resolve()))
    project = place.resolve() / root.resolve().relative_to(top.resolve())
    (project / ".dvc").mkdir(exist_ok=True)
    with (project / ".dvc" / "config.local").open("w", encoding="utf-8") as file:
        _local_config(root, share_cache=share_cache).write(file)
    return project


def environment(root: Path) -> dict[str, str]:
    """The environment as it was before make added to it the project's own tools and settings."""
    own = str(root.resolve() / ".venv" / "bin")
    kept = {name: value for name, value in os.environ.items() if name not in INHERITED}
    path = [part for part in kept.get("PATH", "").split(os.pathsep) if part != own]
    return kept | {"PATH": os.pathsep.join(path)}


def environment_of_commit(root: Path, project: Path) -> dict[str, str]:
    """The environment in which a clone's pipeline runs under the library of its own commit.

    Its stages are ``goldenpath stage NAME``, found beside the Python that runs this; where the clone holds
    another wheel than this project's, that wheel's code is imported instead of what is installed. Third-party packages
    are those that are installed here.

    Args:
        root: The folder of the project that was cloned.
        project: The project's folder in the clone, at the commit that is to run.

    Raises:
        ProjectError: The clone holds several wheels of the library, or one that is damaged.
    """
    variables = environment(root)
    variables["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), variables["PATH"]])
    own, other = _wheel(root), _wheel(project)
    if other is None or (own is not None and digest(own) == digest(other)):
        return variables
    place = (project / LIBRARY).resolve()
    try:
        with zipfile.ZipFile(other) as wheel:
            wheel.extractall(place)
    except (zipfile.BadZipFile, OSError) as error:
        raise ProjectError(f"{other.relative_to(project)}: cannot be unpacked: {error}") from error
    return variables | {"PYTHONPATH": str(place)}


def _wheel(project: Path) -> Path | None:
    found = sorted(project.glob(WHEELS))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise ProjectError(f"vendor/ holds several wheels of the library ({names}). Remove all but the one in use.")
    return found[0] if found else None


def _local_config(root: Path, *, share_cache: bool) -> configparser.ConfigParser:
    """The credentials of the work tree, and its remotes by paths that hold in another folder too."""
    made, shared = (configparser.ConfigParser(interpolation=None, strict=False) for _ in range(2))
    shared.read(root / ".dvc" / "config", encoding="utf-8")
    made.read(root / ".dvc" / "config.local", encoding="utf-8")
    for section in shared.sections():
        url = shared.get(section, "url", fallback="")
        if url and "://" not in url and not Path(url).is_absolute() and not made.has_option(section, "url"):
            if not made.has_section(section):
                made.add_section(section)
            made.set(section, "url", str((root / ".dvc" / url).resolve()))
    if share_cache:
        if not made.has_section("cache"):
            made.add_section("cache")
        made.set("cache", "dir", str((root / ".dvc" / "cache").resolve()))
    return made
