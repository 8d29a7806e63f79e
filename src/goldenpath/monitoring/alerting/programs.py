"""The programs of Prometheus and Alertmanager that check configurations and send alerts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping

from goldenpath.project.errors import ProjectError

PACKAGES: Mapping[str, str] = {
    "promtool": "Debian: apt-get install prometheus; macOS: brew install prometheus",
    "amtool": "Debian: apt-get install prometheus-alertmanager; macOS: brew install alertmanager",
}
"""Programs, and what brings them."""


def require(*names: str) -> None:
    """Make sure that programs are installed.

    Raises:
        ProjectError: One is not; with the package that brings it.
    """
    if missing := [name for name in names if shutil.which(name) is None]:
        lines = [f"{name} is not installed. {PACKAGES[name]}." for name in missing]
        raise ProjectError("\n".join(lines))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, whatever it ends with; both outputs come as ``stdout``."""
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
