"""Register the committed model: ``goldenpath register``.

The registry is git: a tag ``name@v1.2.3`` (the format of GTO) on the commit that holds ``dvc.lock`` and the lineage, so
that code, data and environment behind a version are those of its commit. Format: https://dvc.org/doc/gto.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from goldenpath.project import distribution
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import DVC_LOCK, LINEAGE, METRICS, MODEL
from goldenpath.repository import git

FIRST = "0.1.0"
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_FINGERPRINT = re.compile(r"^sha256: ([0-9a-f]{64})$", re.MULTILINE)


def register(root: Path, version: str = "") -> str:
    """Give the model a version.

    Args:
        root: The project's folder.
        version: The version; the next minor one unless told.

    Returns:
        What was done and what to do next.

    Raises:
        ProjectError: Something is not committed, the results are not those of this commit, or the model has a version.
    """
    git.refuse_changes(root)
    lineage = _lineage(root)
    _refuse_stale(root)
    name, digest = distribution.name(root), _digest(lineage)
    registered = git.tags(root, f"{name}@v*")
    for known in registered:
        same = _FINGERPRINT.search(git.run(root, "tag", "--list", "--format=%(contents)", known))
        if same and same[1] == digest and not version:
            raise ProjectError(
                f"This very model is registered, as {known}. Train another, or name a version: "
                "goldenpath register 1.2.3"
            )
    version = version.removeprefix("v") or _next(registered)
    if not _VERSION.fullmatch(version):
        raise ProjectError(f"{version} is not a version: want three numbers such as 1.2.3.")
    tag = f"{name}@v{version}"
    if tag in registered:
        raise ProjectError(f"{tag} is registered already, and a version never changes. Name a newer one.")
    git.tag(root, tag, summary(tag, lineage, json.loads((root / METRICS).read_text(encoding="utf-8"))))
    return f"Registered {tag}. To publish it: goldenpath push && git push origin {tag}"


def summary(tag: str, lineage: dict[str, Any], metrics: dict[str, Any]) -> str:
    """The tag's message: which bytes the version is, what made them, and how good they are."""
    resolved = lineage["predicate"]["buildDefinition"]["resolvedDependencies"]
    details = lineage["predicate"]["runDetails"]
    sources = {item["name"]: item["digest"] for item in resolved if item.get("digest")}
    lines = [
        f"Register {tag}",
        "",
        f"sha256: {_digest(lineage)}",
        f"trained-from: {sources.get('git', {}).get('gitCommit', '')}",
        *(f"{name}: {digest['sha256']}" for name, digest in sources.items() if "sha256" in digest),
        f"built-by: {details['builder']['id']}",
        f"built-on: {details['metadata']['finishedOn']}",
        *(f"{name}: {found['value']}" for name, found in metrics["model"].items()),
    ]
    return "\n".join([*lines, ""])


def _lineage(root: Path) -> dict[str, Any]:
    for path in (DVC_LOCK, LINEAGE, METRICS):
        if not (root / path).is_file():
            raise ProjectError(f"{path}: no such file. Run `make run`, and commit what it wrote.")
        if not git.run(root, "ls-files", "--", str(path)):
            raise ProjectError(f"{path}: is not in git. Commit it: a version's evidence lies beside its tag.")
    found: dict[str, Any] = json.loads((root / LINEAGE).read_text(encoding="utf-8"))
    resolved = found["predicate"]["buildDefinition"]["resolvedDependencies"]
    source: dict[str, Any] = next((item for item in resolved if item.get("name") == "git"), {})
    if not source.get("digest") or source.get("annotations", {}).get("dirty"):
        raise ProjectError(
            "The model was trained from changes that were not committed, so its commit does not lead back to it. Once "
            "they are: dvc repro --force --single-item export, make run, and commit the results."
        )
    return found


def _refuse_stale(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "status", "--json"], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ProjectError(f"dvc status: {' '.join(done.stderr.split())}")
    stale = json.loads(done.stdout)
    if stale:
        raise ProjectError(
            f"{DVC_LOCK} is not that of these files: {', '.join(sorted(stale))} changed, or their outputs are not "
            "here. Run `dvc pull` or `make run`, and commit the results."
        )


def _digest(lineage: dict[str, Any]) -> str:
    return next(str(item["digest"]["sha256"]) for item in lineage["subject"] if item["name"] == str(MODEL))


def _next(registered: list[str]) -> str:
    numbers = [tuple(map(int, found[0].split("."))) for tag in registered if (found := _VERSION.search(tag))]
    if not numbers:
        return FIRST
    major, minor, _ = max(numbers)
    return f"{major}.{minor + 1}.0"
