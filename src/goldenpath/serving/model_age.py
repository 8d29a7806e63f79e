"""How old a model is and what it learned from, as far as its lineage and the report of its split tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from goldenpath.model.signature import ModelError
from goldenpath.project.paths import LINEAGE, MODEL, SPLIT_REPORT

LEARNED_FROM = ("train", "validation")
"""Parts of the split that the model has seen."""
FIX = "Run `make run`, or `dvc checkout` to get the committed files back."


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

    Raises:
        ModelError: What lies there is not what it should be.
    """
    trained = _told_by(folder / LINEAGE.name, partial(_trained, model_sha256))
    is_complete = trained is not None and folder == MODEL.parent
    return ModelAge(trained, _told_by(SPLIT_REPORT, _newest_row) if is_complete else None)


def one_line(error: Exception) -> str:
    """What an error says, without its line ends and its full stop."""
    return " ".join(str(error).split()).rstrip(".")


def _told_by(path: Path, read: Callable[[Any], datetime | None]) -> datetime | None:
    """What a file tells that may be missing where the model answers."""
    try:
        return read(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} cannot be read: {type(error).__name__}, {one_line(error)}. {FIX}") from error


def _trained(model_sha256: str, lineage: Any) -> datetime | None:
    """When the model of a digest was trained, where the lineage is its own."""
    is_its_own = any(item["digest"].get("sha256") == model_sha256 for item in lineage["subject"])
    return _timestamp(lineage["predicate"]["runDetails"]["metadata"]["finishedOn"]) if is_its_own else None


def _newest_row(split: Any) -> datetime | None:
    """The time of the newest row among those that the model has seen."""
    parts = [part for name, part in split.items() if name in LEARNED_FROM]
    return max((_timestamp(part["to"]) for part in parts if part.get("to")), default=None)


def _timestamp(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
