"""The model that answers, with what was made for it: loaded and checked as one, and changed as one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..contract import Contract
from ..model.predictor import Predictor
from ..model.signature import Signature, refuse_other_contract
from ..paths import LINEAGE, SPLIT_REPORT
from .request import RowReader, example_row

LEARNED_FROM = ("train", "validation")
"""Parts of the split that the model has seen."""


@dataclass(frozen=True)
class Loaded:
    """A model that can be asked.

    Attributes:
        predictor: What predicts.
        reader: What reads rows for it.
        trained: When it was trained, where that is known.
        newest_row: The time of the newest row that it learned from, where that is known.
    """

    predictor: Predictor
    reader: RowReader
    trained: datetime | None
    newest_row: datetime | None

    @property
    def signature(self) -> Signature:
        """What the model takes and gives."""
        return self.predictor.signature

    @property
    def sha256(self) -> str:
        """Digest of the model's file."""
        return self.predictor.signature.model_sha256


def load(agreed: Contract, most_rows: int) -> Loaded:
    """Load the model in ``models/`` and ask it once: the first call pays for lazy set-up, and no client should.

    Args:
        agreed: The contract that it must have been trained under.
        most_rows: Most rows of one request.

    Raises:
        ModelError: The model is missing, damaged, or was trained under another contract.
    """
    predictor = Predictor.load()
    refuse_other_contract(predictor.signature, agreed)
    row = example_row(agreed)
    predictor.predict_one(row)
    predictor.predict([row, row])
    lineage = _read(LINEAGE)
    is_its_own = any(
        item.get("digest", {}).get("sha256") == predictor.signature.model_sha256 for item in lineage.get("subject", [])
    )
    trained = _moment(lineage["predicate"]["runDetails"]["metadata"]["finishedOn"]) if is_its_own else None
    parts = [part for name, part in _read(SPLIT_REPORT).items() if name in LEARNED_FROM]
    newest = [_moment(part["to"]) for part in parts if part.get("to")] if is_its_own else []
    return Loaded(predictor, RowReader(agreed, most_rows), trained, max(newest, default=None))


def _read(path: Path) -> Mapping[str, Any]:
    """A file that may be missing where the service runs."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
