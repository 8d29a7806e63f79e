"""The model that answers, with what was made for it: loaded and checked as one, and changed as one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ..contract import Contract
from ..model.predictor import Predictor
from ..model.signature import ModelError, Signature, refuse_other_contract
from ..paths import LINEAGE, MODEL, SIGNATURE, SPLIT_REPORT
from .cache import Keys
from .request import RowReader, example_row

LEARNED_FROM = ("train", "validation")
"""Parts of the split that the model has seen."""
MEND = "Run `make pipeline`, or `dvc checkout` to get the committed files back."


@dataclass(frozen=True)
class Loaded:
    """A model that can be asked.

    Attributes:
        predictor: What predicts.
        reader: What reads rows for it.
        keys: Under which its answers are cached.
        trained: When it was trained, where that is known.
        newest_row: The time of the newest row that it learned from, where that is known.
    """

    predictor: Predictor
    reader: RowReader
    keys: Keys
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


def load(agreed: Contract, most_rows: int, folder: Path = MODEL.parent) -> Loaded:
    """Load the model in a folder and ask it once: the first call pays for lazy set-up, and no client should.

    Args:
        agreed: The contract that it must have been trained under.
        most_rows: Most rows of one request.
        folder: Where its files lie.

    Raises:
        ModelError: The model is missing, damaged, not what its files say, or was trained under another contract.
    """
    predictor = _asked(folder, agreed)
    keys, reader = Keys(predictor.signature), RowReader(agreed, most_rows)
    trained = _told_by(folder / LINEAGE.name, partial(_trained, predictor.signature.model_sha256))
    is_complete = trained is not None and folder == MODEL.parent
    newest = _told_by(SPLIT_REPORT, _newest_row) if is_complete else None
    return Loaded(predictor, reader, keys, trained, newest)


def _asked(folder: Path, agreed: Contract) -> Predictor:
    """The model in a folder, which has answered the contract's example."""
    model, described = folder / MODEL.name, folder / SIGNATURE.name
    try:
        predictor = Predictor.load(model, described)
        refuse_other_contract(predictor.signature, agreed)
        row = example_row(agreed)
        predictor.predict_one(row)
        predictor.predict([row, row])
    except ModelError:
        raise
    except OSError as error:
        raise ModelError(f"{error.filename}: cannot be read: {error.strerror}. {MEND}") from error
    except Exception as error:  # ONNX Runtime raises classes of its own, with Exception as their only base
        raise ModelError(f"{model} does not do what {described} says: {_one_line(error)}. {MEND}") from error
    return predictor


def _told_by(path: Path, read: Callable[[Any], datetime | None]) -> datetime | None:
    """What a file tells that may be missing where the service runs.

    Raises:
        ModelError: It is there, and is not what it should be.
    """
    try:
        return read(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} cannot be read: {type(error).__name__}, {_one_line(error)}. {MEND}") from error


def _trained(model_sha256: str, lineage: Any) -> datetime | None:
    """When the model of a digest was trained, where the lineage is its own."""
    is_its_own = any(item["digest"].get("sha256") == model_sha256 for item in lineage["subject"])
    return _moment(lineage["predicate"]["runDetails"]["metadata"]["finishedOn"]) if is_its_own else None


def _newest_row(split: Any) -> datetime | None:
    """The time of the newest row among those that the model has seen."""
    parts = [part for name, part in split.items() if name in LEARNED_FROM]
    return max((_moment(part["to"]) for part in parts if part.get("to")), default=None)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
