"""Bring the challenger of an experiment here, from the version that its plan names."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import CHALLENGER, LINEAGE, MODEL, SIGNATURE
from goldenpath.repository import git
from goldenpath.serving import routing


def bring(root: Path, plan: Path) -> str:
    """Write the challenger's model, signature and lineage to ``models/challenger``.

    Args:
        root: The project's folder.
        plan: The experiment's plan; its ``candidate`` names a version.

    Returns:
        The model's digest, as the plan has to name it.

    Raises:
        ProjectError: The plan cannot be read, or git and DVC do not have its version.
    """
    version = routing.load(plan).candidate
    papers = {path.name: git.run(root, "show", f"{version}:./{path}") for path in (SIGNATURE, LINEAGE)}
    folder = root / CHALLENGER
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / MODEL.name
    command = ["get", "--quiet", "--force", ".", str(MODEL), "--rev", version, "--out", str(target)]
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *command], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ProjectError(f"DVC does not have {MODEL} of {version}: {' '.join(done.stderr.split())}")
    for name, text in papers.items():
        (folder / name).write_text(f"{text}\n", encoding="utf-8")
    return f"model: {hashlib.sha256(target.read_bytes()).hexdigest()}"
