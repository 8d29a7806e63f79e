"""Ways to run the template, as its users do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parents[2]
MENU: Mapping[str, Any] = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
CHOICES: Mapping[str, list[Any]] = {
    name: value if isinstance(value, list) else [True, False]
    for name, value in MENU.items()
    if not name.startswith("_") and isinstance(value, list | bool)
}


def generate(template: Path, out: Path, **answers: Any) -> Path:
    """Generate a project through cookiecutter's API and return its folder."""
    return Path(cookiecutter(str(template), no_input=True, output_dir=str(out), extra_context=answers or None))


def run_cookiecutter(
    template: Path | str, out: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the cookiecutter program without questions; ``variables`` are added to its environment."""
    command = [sys.executable, "-m", "cookiecutter", str(template), "--no-input", "--output-dir", str(out), *arguments]
    return run(command, out, **variables)


def run(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, whatever it ends with, and capture what it prints."""
    return subprocess.run(
        command, cwd=folder, env=os.environ | variables, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


def verb(project: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a verb of the library that the project has installed."""
    return run([str(project / ".venv" / "bin" / "goldenpath"), *words], project, **variables)


def git(folder: Path, *arguments: str) -> str:
    """Run git and return what it prints, without the last newline.

    Raises:
        subprocess.CalledProcessError: git failed.
    """
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.rstrip("\n")


def files_of(project: Path) -> set[str]:
    """List the files below a folder, relative to it, without git's own."""
    found = (path.relative_to(project) for path in project.rglob("*") if not path.is_dir())
    return {path.as_posix() for path in found if path.parts[0] != ".git"}


def commit_template(folder: Path) -> Path:
    """Copy the template as it would be committed now, changes included, into a new git repository.

    Tests generate from such a copy, because caches and other untracked files of a working tree are rendered too.
    """
    listed = git(TEMPLATE, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, listed):
        source = TEMPLATE / name
        if source.exists():  # a deleted file is still listed until the deletion is committed
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", "Template")
    return folder


def lend(walked: Path, project: Path) -> None:
    """Let a copy, whose files are in place, work with the walked project's environment and leave it as it is.

    Where a file that the environment is made from were newer, make would install the copy into it, and from then on
    every other project would run the copy's code.
    """
    (project / ".venv").symlink_to(walked / ".venv")
    (project / ".git" / "info").mkdir(exist_ok=True)
    (project / ".git" / "info" / "exclude").write_text("/.venv\n")  # .gitignore knows it as a folder only
    (walked / ".venv" / ".installed").touch()
