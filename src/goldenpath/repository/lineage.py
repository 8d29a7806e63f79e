"""Where a model comes from: an in-toto statement with SLSA provenance.

The statement names the model by digest and lists everything that went into it: the commit, whether the work tree was
dirty, parameters, contract, data, locked requirements and the versions of the libraries that matter; who ran it, when,
for how many seconds and in how much memory.

Formats: https://in-toto.io/Statement/v1 and https://slsa.dev/provenance/v1.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import platform
import socket
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from goldenpath.project.paths import DVC_LOCK, LINEAGE, METRICS, MODEL_CARD, RAW, REQUIREMENTS, STAGE_COSTS
from goldenpath.repository import git

BUILD_TYPE = "https://dvc.org/doc/user-guide/pipelines"
AFTER = {"export", "reference", "staleness"}
"""Stages that have not ended, or not begun, when the lineage is written."""
LIBRARIES = ("numpy", "pandas", "scikit-learn", "skl2onnx", "onnx", "onnxruntime")


def statement(subjects: list[Path], materials: list[Path], parameters: dict[str, Any]) -> dict[str, Any]:
    """Describe how files were made.

    Args:
        subjects: The files made.
        materials: The files that went into them.
        parameters: Everything else that changes the result.

    Returns:
        An in-toto statement, ready for JSON.
    """
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [_resource(path) for path in subjects],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": parameters,
                "internalParameters": {"platform": platform.platform(), "python": platform.python_version()},
                "resolvedDependencies": [
                    _commit(),
                    *[_resource(path) for path in (RAW, REQUIREMENTS, *materials)],
                    *[{"uri": f"pkg:pypi/{name}@{version(name)}"} for name in LIBRARIES],
                ],
            },
            "runDetails": {
                "builder": {"id": _builder()},
                "metadata": {
                    "invocationId": os.environ.get("GITHUB_RUN_ID", "local"),
                    "finishedOn": datetime.now(UTC).isoformat(timespec="seconds"),
                },
                "byproducts": [{"name": "stage-costs", "annotations": _costs()}],
            },
        },
    }


def sha256(path: Path) -> str:
    """Digest of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _resource(path: Path) -> dict[str, Any]:
    return {"name": str(path), "digest": {"sha256": sha256(path)}}


def _commit() -> dict[str, Any]:
    """The commit, and whether files that git tracks differ from it; empty where there is no git.

    What the pipeline itself writes does not count: the run that this is about has just rewritten it.
    """
    commit = _git("rev-parse", "HEAD")
    written = (f":(exclude){path}" for path in (DVC_LOCK, LINEAGE.parent, METRICS.parent, MODEL_CARD))
    dirty = bool(_git("status", "--porcelain", "--untracked-files=no", "--", ".", *written))
    return {"name": "git", "digest": {"gitCommit": commit} if commit else {}, "annotations": {"dirty": dirty}}


def _git(*words: str) -> str:
    return git.run_or_none(Path(), *words) or ""


def _builder() -> str:
    """Who ran it: the CI job, or the person by the name that git knows them by."""
    if repository := os.environ.get("GITHUB_REPOSITORY"):
        return f"https://github.com/{repository}/actions/runs/{os.environ.get('GITHUB_RUN_ID', '')}"
    return f"{_git('config', 'user.name') or getpass.getuser()}@{socket.gethostname()}"


def _costs() -> dict[str, Any]:
    """What each stage before export cost when it last ran here."""
    notes = sorted(note for note in STAGE_COSTS.glob("*.json") if note.stem not in AFTER)
    return {note.stem: json.loads(note.read_text()) for note in notes}
