"""Compile a project's locks from its ``pyproject.toml``, with hashes and for every supported Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from goldenpath.pipeline import fingerprints
from goldenpath.project.errors import ProjectError
from goldenpath.repository import lock_file, wheel

REMOTE = "remote-"
_OPTIONS = ("--quiet", "--universal", "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links")
_SOURCES = ("--custom-compile-command", "make lock", "--find-links", "vendor")


def compile_all(root: Path, upgrade: Sequence[str] = ()) -> None:
    """Write every file of ``requirements/``, and the fingerprints of the stages that follow from them.

    Args:
        root: The project's folder.
        upgrade: Packages to bring to their newest version; the others stay where they are, if they can.

    Raises:
        ProjectError: uv is missing, or the requirements contradict each other.
    """
    variables = uv_environment()
    newest = [word for name in upgrade for word in ("--upgrade-package", name)]
    for lock, words in _locks(root):
        _compile(root, lock, [*words, *newest], variables)
    write_fingerprints(root)


def pin_wheel(root: Path) -> None:
    """Let every lock name the wheel of ``vendor/``, and leave all other packages as they are."""
    built = vendored(root)
    for path in sorted((root / "requirements").glob("*.txt")):
        text = lock_file.with_wheel(path.read_text(encoding="utf-8"), wheel.version(built), wheel.digest(built))
        path.write_text(text, encoding="utf-8")


def write_fingerprints(root: Path) -> None:
    """Write ``vendor/stages.yaml`` by the vendored wheel's code and the lock."""
    with wheel.unpacked(vendored(root)) as sources:
        text = fingerprints.text(sources, root)
    (root / fingerprints.FILE).write_text(text, encoding="utf-8")


def vendored(root: Path) -> Path:
    """The wheel of the library that the project holds.

    Raises:
        ProjectError: ``vendor/`` holds none, or several.
    """
    found = sorted((root / "vendor").glob(wheel.PATTERN))
    if len(found) != 1:
        raise ProjectError(
            f"vendor/ holds {len(found)} wheels of goldenpath, want one. Get it back: git checkout HEAD -- vendor"
        )
    return found[0]


def uv_program() -> str | None:
    """Where uv is: beside this Python, or on PATH."""
    return shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")


def uv_environment() -> dict[str, str]:
    """The environment for uv, which reads none of pip's settings and is told pip's index."""
    variables = dict(os.environ)
    if not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & variables.keys():
        command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
        index = (
            variables.get("PIP_INDEX_URL")
            or subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        )
        variables |= {"UV_DEFAULT_INDEX": index} if index else {}
    return variables


def _locks(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Each lock and what it is compiled for; dev comes first, and the others keep to its versions."""
    folder = Path("requirements")
    same = ["--constraint", str(folder / "dev.txt")]
    yield folder / "dev.txt", ["--extra", "train", "--group", "dev"]
    yield folder / "train.txt", ["--extra", "train", *same]
    yield folder / "serve.txt", same
    for path in sorted((root / folder).glob(f"{REMOTE}*.txt")):
        yield folder / path.name, ["--extra", "train", "--extra", path.stem.removeprefix(REMOTE), *same]


def _compile(root: Path, lock: Path, words: Sequence[str], variables: Mapping[str, str]) -> None:
    uv = uv_program()
    if uv is None:
        raise ProjectError("uv is not installed; it comes with the locked tools: make setup.")
    path = root / lock
    built = vendored(root)
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    with TemporaryDirectory() as folder:
        (Path(folder) / "requirements").mkdir()
        made = Path(folder) / lock
        made.write_text(lock_file.without_wheel(before), encoding="utf-8")
        command = [uv, "pip", "compile", *_OPTIONS, *_SOURCES, *words, "--output-file", str(made), "pyproject.toml"]
        done = subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ProjectError(f"{lock} cannot be compiled:\n{done.stderr.strip()}")
        text = lock_file.without_wheel(made.read_text(encoding="utf-8"))
    text = lock_file.with_wheel(text, wheel.version(built), wheel.digest(built))
    path.write_text(text, encoding="utf-8")
