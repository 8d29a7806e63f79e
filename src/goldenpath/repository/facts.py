"""What the pipeline left behind, by digest, and where a proof says what it saw."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from goldenpath.project import distribution, yaml_text
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import DVC_LOCK

TOLD = "GOLDENPATH_FACTS"
"""The environment variable by which `goldenpath record` names a file for facts."""
PIPELINE = Path("dvc.yaml")
LOCAL = "local"


def tell(facts: Mapping[str, Any]) -> None:
    """Write facts where the recorder of a receipt asked for them; nothing where nobody asked."""
    if path := os.environ.get(TOLD):
        Path(path).write_text(json.dumps(facts), encoding="utf-8")


def environment() -> str:
    """Where a command says it runs, by the variable that the service reads too; ``local`` unless it is told.

    What was seen elsewhere than in production proves the code, and says nothing about what is served.
    """
    return os.environ.get("ENVIRONMENT") or LOCAL


def product(root: Path = Path()) -> str:
    """The name of the product by which rules, dashboards and routes of alerts select: that of the distribution."""
    return distribution.name(root)


def outs(root: Path) -> dict[str, str]:
    """Digests of everything that the last run of the pipeline wrote, by path, as ``dvc.lock`` records them.

    Raises:
        ProjectError: There is no ``dvc.lock``.
    """
    stages = _yaml(root / DVC_LOCK).get("stages", {})
    return {str(out["path"]): str(out["md5"]) for stage in stages.values() for out in stage.get("outs", [])}


def pointed_at(root: Path) -> dict[str, str]:
    """Digests of the data that DVC keeps by pointers beside them, by path."""
    found: dict[str, str] = {}
    for pointer in sorted((root / "data").rglob("*.dvc")):
        home = pointer.parent.relative_to(root)
        found |= {str(home / out["path"]): str(out["md5"]) for out in _yaml(pointer).get("outs", [])}
    return found


def metrics(root: Path) -> dict[str, Any]:
    """The content of every metrics file of the pipeline, by path.

    Raises:
        ProjectError: One is missing.
    """
    found: dict[str, Any] = {}
    for stage in _yaml(root / PIPELINE)["stages"].values():
        for item in stage.get("metrics", []):
            path = next(iter(item)) if isinstance(item, dict) else item
            if not (root / path).is_file():
                raise ProjectError(f"{path}: no such file. Run `make run`.")
            found[str(path)] = json.loads((root / path).read_text(encoding="utf-8"))
    return found


def _yaml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ProjectError(f"{path}: no such file. Run `make run`.")
    content: dict[str, Any] = yaml_text.load(path.read_bytes())
    return content
