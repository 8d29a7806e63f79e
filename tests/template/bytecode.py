"""Compiles what projects install once, not once for every project of a test run."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from tests.template.generation import run

UV = Path(sys.executable).with_name("uv")


def share(environment: Path) -> None:
    """Lay the bytecode of an environment beside its sources in uv's cache.

    ``make setup`` compiles fourteen thousand modules, three quarters of its processor time. uv links an installation's
    files to those of its cache, bytecode too where there is some, and compiles only what is older than its source. So
    the next project that installs the same wheels has nothing to compile. Where files are copied, not linked, nothing
    is shared.
    """
    cache = Path(run([str(UV), "cache", "dir"], environment).stdout.strip())
    cached = {_inode(source): source for source in cache.glob("archive-v0/**/*.py")}
    for compiled in environment.rglob("__pycache__/*.pyc"):
        source = compiled.parent.parent / f"{compiled.name.partition('.')[0]}.py"
        if source.exists() and (original := cached.get(_inode(source))):
            folder = original.parent / "__pycache__"
            folder.mkdir(exist_ok=True)
            with contextlib.suppress(FileExistsError):  # another worker has shared it
                (folder / compiled.name).hardlink_to(compiled)


def _inode(path: Path) -> int:
    return path.stat().st_ino
