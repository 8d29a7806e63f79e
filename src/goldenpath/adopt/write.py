"""Put the adopted table and the new files in place: all of them, or none."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from goldenpath.adopt.errors import AdoptError
from goldenpath.project.paths import OPENAPI
from goldenpath.repository import git

SOURCES = Path("data/source")
# Not in git and not on the pipeline's path: what adopt itself wrote last may be written over without asking.
WRITTEN = Path(".dvc/tmp/adopted.json")


def refuse_to_lose_work(root: Path, paths: Sequence[Path]) -> None:
    """Stop when a file that would be overwritten holds changes that are neither committed nor adopt's own.

    Raises:
        AdoptError: There is such a file.
    """
    status = git.run_or_none(root, "status", "--porcelain", "-z", "--untracked-files=no", "--", *map(str, paths))
    record = root / WRITTEN
    own: dict[str, str] = json.loads(record.read_text("utf-8")) if record.is_file() else {}
    changed = [entry[3:] for entry in (status or "").split("\0") if entry]
    top = Path(git.run_or_none(root, "rev-parse", "--show-toplevel") or root)
    lost = []
    for name in changed:
        file = top / name.strip()
        local = os.path.relpath(file, root)
        if file.is_file() and own.get(local) != _digest(file.read_bytes()):
            lost.append(local)
    if lost:
        raise AdoptError(
            f"{', '.join(sorted(lost))}: would be overwritten, and the changes are not committed. Run `git commit` "
            "first, or add --force to give them up."
        )


def write(root: Path, data: Path, place: Path, files: Mapping[Path, str], former: Path | None) -> None:
    """Copy the data into the project, hand it to DVC, and write the files.

    Args:
        root: The project's folder.
        data: The file to adopt.
        place: Where it goes, relative to the project.
        files: New texts by path relative to the project.
        former: The file adopted before, relative to the project; its pointer and copy are removed, its content stays
            in DVC's cache and its pointer in git's history.

    Raises:
        AdoptError: Something failed; every file is as it was.
    """
    if (root / SOURCES).exists() and not (root / SOURCES).is_dir():
        raise AdoptError(f"{SOURCES}: is a file, and the data has to go into a folder of that name. Move it away.")
    pointer = root / f"{place}.dvc"
    ignored = root / SOURCES / ".gitignore"
    touched = [root / place, pointer, ignored, root / WRITTEN, *(root / path for path in files)]
    gone = [root / former, root / f"{former}.dvc"] if former and former != place else []
    stale = [root / OPENAPI]  # the API of the former columns; `goldenpath run` writes the next
    kept = _Kept(root, [*touched, *gone, *stale])
    try:
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        if not (root / place).exists() or not data.samefile(root / place):
            kept.set_aside(root / place)
            shutil.copyfile(data, root / place)
        for path in [*gone, *stale]:
            kept.set_aside(path)
        if gone and ignored.exists():
            _drop_line(ignored, f"/{gone[0].name}")
        _dvc_add(root, place)
        for path, text in files.items():
            _replace(root / path, text)
        digests = {str(path): _digest(text.encode()) for path, text in files.items()}
        (root / WRITTEN).parent.mkdir(parents=True, exist_ok=True)
        (root / WRITTEN).write_text(json.dumps(digests, indent=2) + "\n", encoding="utf-8")
    except BaseException as error:
        kept.restore()
        if isinstance(error, OSError):
            raise AdoptError(
                f"{error.filename or root}: cannot be written: {error.strerror}. Nothing was changed."
            ) from error
        raise
    kept.forget()


class _Kept:
    """The files as they were, to put back: small ones in memory, data set aside under another name."""

    def __init__(self, root: Path, paths: Sequence[Path]) -> None:
        self._made_folder = not (root / SOURCES).exists()
        self._folder = root / SOURCES
        self._aside: dict[Path, Path] = {}
        small = [
            path for path in paths if path.parent != self._folder or path.suffix == ".dvc" or path.name == ".gitignore"
        ]
        self._texts = {path: path.read_bytes() if path.is_file() else None for path in small}
        self._data = [path for path in paths if path not in self._texts]
        self._were_there = {path for path in self._data if path.exists()}

    def set_aside(self, path: Path) -> None:
        if path in self._texts:
            path.unlink(missing_ok=True)
        elif path.exists():
            self._aside[path] = path.with_name(f".{path.name}.former")
            path.replace(self._aside[path])

    def restore(self) -> None:
        for path in self._data:
            if path in self._aside:
                self._aside[path].replace(path)
            elif path not in self._were_there:
                path.unlink(missing_ok=True)
        for path, content in self._texts.items():
            if content is None and path.is_file():
                path.unlink()
            elif content is None:
                continue
            elif not path.is_file() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        if self._made_folder and self._folder.exists() and not any(self._folder.iterdir()):
            self._folder.rmdir()

    def forget(self) -> None:
        for path in self._aside.values():
            path.unlink()


def _dvc_add(root: Path, place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "add", "--quiet", str(place)],
        cwd=root,
        env=os.environ | {"DVC_NO_ANALYTICS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = " ".join((done.stderr or done.stdout).split())
        raise AdoptError(f"dvc add {place} failed, and nothing was changed: {words}")


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _drop_line(path: Path, line: str) -> None:
    lines = path.read_text("utf-8").splitlines()
    path.write_text("".join(f"{kept}\n" for kept in lines if kept != line), encoding="utf-8")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
