"""Another version of the library, as a project may hold it in ``vendor/``."""

from __future__ import annotations

import shutil
from pathlib import Path

from goldenpath.repository import wheel
from tests.sample import TEMPLATE


def changed_wheel(workspace: Path, vendor: Path, **modules: str) -> Path:
    """Build a wheel of the library's sources in which some modules have another text.

    Args:
        workspace: A folder for the changed sources.
        vendor: Where the wheel goes.
        modules: The text of each changed module, by its path with ``__`` for ``/`` and without the suffix.
    """
    checkout = workspace / "library"
    shutil.copytree(TEMPLATE / "src", checkout / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(TEMPLATE / name, checkout / name)
    for name, text in modules.items():
        path = (checkout / "src/goldenpath" / name.replace("__", "/")).with_suffix(".py")
        assert path.is_file(), path
        path.write_text(text, encoding="utf-8")
    return wheel.build(checkout, vendor)
