"""Compile a project's locks from its ``pyproject.toml``, with hashes and for every supported Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from goldenpath.pipeline import fingerprints
from goldenpath.project.errors import ProjectError
from goldenpath.repository import lock_file, wheel

REMOTE = "remote-"
_OPTIONS = ("--quiet", "--universal", "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links")
_SAID = ("--custom-compile-command", "make lock", "--find-links", "vendor")


def compile_all(root: Path, upgrade: Sequence[str] = ()) -> None:
    """Write every file of ``requirements/``, and the fingerprints of the stages that follow from them.

    Args:
        root: The project's folder.
        upgrade: Packages to bring to their newest version; the others stay where they are, if they can.

    Raises:
        ProjectError: uv is missing, or the requirements contradict each other.
    """
    for lock, words in _locks(root):
        _compile(root, lock, [*words, *(word for name in upgrade for word in ("--upgrade-package", name))])
    write_fingerprints(root)


def write_fingerprints(root: Path) -> None:
    """Write ``vendor/stages.yaml`` by the vendored wheel's code and the lock."""
    with TemporaryDirectory() as folder:
        with zipfile.ZipFile(vendored(root)) as archive:
            archive.extractall(folder)
        text = fingerprints.text(Path(folder), root)
    (root / fingerprints.FILE).write_text(text, encoding="utf-8")


def vendored(root: Path) -> Path:
    """The wheel of the library that the project holds.

    Raises:
        ProjectError: ``vendor/`` holds none, or several.
    """
    found = sorted((root / "vendor").glob("goldenpath-*-py3-none-any.whl"))
    if len(found) != 1:
        raise ProjectError(f"vendor/ holds {len(found)} wheels of goldenpath, want one. Run `goldenpath upgrade`.")
    return found[0]


def _locks(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Each lock and what it is compiled for; dev comes first, and the others keep to its versions."""
    folder = Path("requirements")
    same = ["--constraint", str(folder / "dev.txt")]
    yield folder / "dev.txt", ["--extra", "train", "--group", "dev"]
    yield folder / "train.txt", ["--extra", "train", *same]
    yield folder / "serve.txt", same
    for path in sorted((root / folder).glob(f"{REMOTE}*.txt")):
        yield folder / path.name, ["--extra", "train", "--extra", path.stem.removeprefix(REMOTE), *same]


def _compile(root: Path, lock: Path, words: Sequence[str]) -> None:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        raise ProjectError("uv is not installed; it comes with the locked tools: make setup.")
    path = root / lock
    built = vendored(root)
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    with TemporaryDirectory() as folder:
        (Path(folder) / "requirements").mkdir()
        made = Path(folder) / lock
        made.write_text(lock_file.without_wheel(before), encoding="utf-8")
        command = [uv, "pip", "compile", *_OPTIONS, *_SAID, *words, "--output-file", str(made), "pyproject.toml"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ProjectError(f"{lock} cannot be compiled:\n{done.stderr.strip()}")
        text = lock_file.without_wheel(made.read_text(encoding="utf-8"))
    path.write_text(lock_file.with_wheel(text, built.name.split("-")[1], wheel.digest(built)), encoding="utf-8")
