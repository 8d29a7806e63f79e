"""A later version of the library, with one change of each kind that an upgrade has to bring along."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from goldenpath.fleet import locks
from tests.sample import TEMPLATE

VERSION = "0.3.0"
RULE = """
      - alert: ModelNeverLoaded
        expr: |
          absent(model_info{product="[[ product ]]"})
        labels:
          severity: ticket
          owner: [[ owner | quoted ]]
        annotations:
          summary: No instance tells which model it serves
          description: Nothing was loaded for a day.
          runbook_url: "[[ runbooks ]]#modelneverloaded"
"""
RENAME = 'Rename("0.3.0", "monitoring/settings.yaml", "alerts.batch_hours", "batch_age_hours")'
CHANGES: Mapping[str, tuple[str, str]] = {
    "pyproject.toml": ('version = "0.2.0"', f'version = "{VERSION}"'),
    "src/goldenpath/__init__.py": ('"0.2.0"', f'"{VERSION}"'),
    "src/goldenpath/pipeline/train.py": ("settings.model)", 'settings.model | {"max_iter": 30})'),
    "src/goldenpath/fleet/codemods.py": ("= ()", f"= ({RENAME},)"),
}  # fmt: skip
"""Texts of files and what stands in their place."""


def checkout(project: Path, folder: Path, changes: Mapping[str, tuple[str, str]] = CHANGES) -> Path:
    """Write into a folder what a project's library becomes by the changes, and return the folder."""
    with zipfile.ZipFile(locks.vendored(project)) as wheel:
        wheel.extractall(folder / "src")
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(TEMPLATE / name, folder / name)
    for name, (before, after) in changes.items():
        _replace(folder / name, before, after)
    for path in sorted((folder / "src/goldenpath/delivery").rglob("*")):
        if path.is_file() and "batch_hours" in path.read_text(encoding="utf-8"):
            _replace(path, "batch_hours", "batch_age_hours")
    rules = folder / "src/goldenpath/delivery/templates/monitoring/prometheus/rules/service.yaml"
    rules.write_text(rules.read_text(encoding="utf-8").rstrip("\n") + "\n" + RULE, encoding="utf-8")
    return folder


def _replace(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text, f"{path} holds no {before!r}"
    path.write_text(text.replace(before, after), encoding="utf-8")
