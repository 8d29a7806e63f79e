"""How old a model is and what it learned from, as far as its lineage and the report of its split tell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..paths import LINEAGE, MODEL, SPLIT_REPORT

LEARNED_FROM = ("train", "validation")
"""Parts of the split that the model has seen."""


@dataclass(frozen=True)
class ModelAge:
    """The dates of a model.

    Attributes:
        trained: When it was trained, where that is known.
        newest_row: The time of the newest row that it learned from, where that is known.
    """

    trained: datetime | None = None
    newest_row: datetime | None = None


def read(model_sha256: str, folder: Path = MODEL.parent) -> ModelAge:
    """The dates of a model in a folder; unknown where the lineage beside it is another model's.

    Args:
        model_sha256: Digest of the model's file.
        folder: Where its files lie.
    """
    lineage = _read(folder / LINEAGE.name)
    if all(item.get("digest", {}).get("sha256") != model_sha256 for item in lineage.get("subject", [])):
        return ModelAge()
    split = _read(SPLIT_REPORT) if folder == MODEL.parent else {}
    parts = [part for name, part in split.items() if name in LEARNED_FROM]
    newest = [_moment(part["to"]) for part in parts if part.get("to")]
    trained = _moment(lineage["predicate"]["runDetails"]["metadata"]["finishedOn"])
    return ModelAge(trained, max(newest, default=None))


def _read(path: Path) -> Mapping[str, Any]:
    """A file that may be missing where the model answers."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
