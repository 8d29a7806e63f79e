"""The platform's own lint: ruff under the platform's rules, whatever the repository configures."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.review.product.errors import ReviewError
from goldenpath.review.product.tree import WorkTree

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

RULES = ("E4", "E7", "E9", "F", "B", "PLE")
"""What is wrong rather than ugly: pyflakes, bugbear, errors. Style beyond that is the team's own."""
EXCEPT = ("B008", "B905")
"""FastAPI's defaults are calls by design; ``zip`` without ``strict`` is a matter of taste."""


@dataclass(frozen=True)
class Problem:
    """One finding: rule, message, place, and whether a comment on its line names and excuses it."""

    rule: str
    text: str
    path: str
    line: int
    excused: bool


class NoRuffError(ReviewError):
    """There is no ruff beside this tool."""


def run(product: Product) -> list[Problem]:
    """Lint every Python file of a product.

    Comments that excuse a line count only where they name the rule; those that excuse a whole file do not count.

    Raises:
        BrokenFileError: A file is not text.
        NoRuffError: ruff is not installed, or did not answer.
    """
    ruff = Path(sys.executable).parent / "ruff"  # never one from PATH: that may be the repository's
    if not ruff.is_file():
        raise NoRuffError(f"there is no ruff beside {sys.executable}")
    paths = [path for path in product.python.files if not _is_template(product, path)]
    if not paths:
        return []
    if isinstance(product.tree, WorkTree):
        return _lint(ruff, product, product.root, paths)
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="goldenpath-") as folder:
        for path in paths:
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(product.text(path) or "", encoding="utf-8")
        return _lint(ruff, product, Path(folder), paths)


def _lint(ruff: Path, product: Product, folder: Path, paths: list[str]) -> list[Problem]:
    # Every file is named: what ruff leaves out by itself, such as a folder called build, could hide code.
    command = [str(ruff), "check", "--isolated", "--no-cache", "--quiet", "--ignore-noqa", "--target-version=py313"]
    command += ["--output-format=json", f"--select={','.join(RULES)}", f"--ignore={','.join(EXCEPT)}", "--", *paths]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise NoRuffError(f"ruff ended with exit code {done.returncode}: {done.stderr.strip()[:200]}")
    return [_problem(product, os.path.realpath(folder), raw) for raw in json.loads(done.stdout or "[]")]


def _is_template(product: Product, path: str) -> bool:
    """Whether a file is Python only once cookiecutter has filled it in."""
    return "{{" in path or ("cookiecutter.json" in product.paths and path.startswith("hooks/"))


def _problem(product: Product, home: str, raw: dict[str, object]) -> Problem:
    rule, path = str(raw["code"] or "syntax"), Path(os.path.relpath(str(raw["filename"]), home)).as_posix()
    location, at = raw["location"], raw.get("noqa_row")
    lines = (product.text(path) or "").splitlines()
    comment = lines[at - 1] if isinstance(at, int) and 0 < at <= len(lines) else ""
    excused = re.search(rf"#\s*noqa:[\w\s,]*\b{re.escape(rule)}\b", comment, re.IGNORECASE) is not None
    line = int(location["row"]) if isinstance(location, dict) else 1
    return Problem(rule, str(raw["message"]), path, line, excused)
