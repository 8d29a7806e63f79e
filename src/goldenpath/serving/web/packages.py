"""The page's runtime: the npm packages that a lock of this folder names, checked against its hashes by npm."""

from __future__ import annotations

import shutil
import subprocess
from importlib import resources
from pathlib import Path

from goldenpath.project.paths import WEB_PACKAGES
from goldenpath.serving.web.errors import WebError

NAMES = ("package.json", "package-lock.json")
INSTALLED = ".package-lock.json"
"""What npm writes last into the folder of packages."""


def install(packages: Path = WEB_PACKAGES) -> None:
    """Bring the packages, unless those of this lock are there.

    Args:
        packages: The folder ``node_modules``; its parent gets the lock.

    Raises:
        WebError: npm is missing, or could not bring them.
    """
    home = packages.parent
    texts = {name: (resources.files("goldenpath.serving.web") / "npm" / name).read_text("utf-8") for name in NAMES}
    current = all((home / name).is_file() and (home / name).read_text("utf-8") == text for name, text in texts.items())
    if current and (packages / INSTALLED).is_file():
        return
    if shutil.which("npm") is None:
        raise WebError("web needs npm, which comes with Node.js: install that, then run this again.")
    home.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (home / name).write_text(text, encoding="utf-8")
    words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(words, cwd=home, capture_output=True, text=True, check=False)
    if done.returncode:
        raise WebError(f"npm could not bring the page's runtime: {' '.join(done.stderr.split())}")
