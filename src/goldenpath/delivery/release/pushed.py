"""Send data and models to the team's storage, and say what it holds now."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

from goldenpath.project.errors import ProjectError
from goldenpath.repository import facts


def push(root: Path) -> None:
    """Send data and models to the remote, and tell its name and the digests of all that it holds now.

    Raises:
        ProjectError: There is no remote or no ``dvc.lock``, or DVC could not send.
    """
    config = configparser.ConfigParser(interpolation=None, strict=False)
    config.read(root / ".dvc" / "config", encoding="utf-8")
    remote = config.get("core", "remote", fallback="")
    if not remote:
        raise ProjectError(".dvc/config names no default remote: dvc remote add --default NAME URL")
    held = facts.outs(root) | facts.pointed_at(root)
    done = subprocess.run([sys.executable, "-m", "dvc", "push"], cwd=root, check=False)
    if done.returncode:
        raise ProjectError(f"dvc push ended with {done.returncode}.")
    facts.tell({"remote": remote, "outs": held})
