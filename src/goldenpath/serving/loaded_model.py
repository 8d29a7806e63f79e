"""The model that answers, with what was made for it: loaded and checked as one, and changed as one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from goldenpath.model.predictor import Predictor
from goldenpath.model.signature import ModelError, Signature, refuse_other_contract
from goldenpath.project.contract import Contract
from goldenpath.project.paths import MODEL, SIGNATURE
from goldenpath.serving import model_age
from goldenpath.serving.cache import Keys
from goldenpath.serving.model_age import FIX, one_line
from goldenpath.serving.rest.request import RowReader, example_row


@dataclass(frozen=True)
class LoadedModel:
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


def load(agreed: Contract, most_rows: int, folder: Path = MODEL.parent) -> LoadedModel:
    """Load the model in a folder and ask it once: the first call pays for lazy set-up, and no client should.

    Args:
        agreed: The contract that it must have been trained under.
        most_rows: Most rows of one request.
        folder: Where its files lie.

    Raises:
        ModelError: The model is missing, damaged, not what its files say, or was trained under another contract.
    """
    predictor = _asked(folder, agreed)
    age = model_age.read(predictor.signature.model_sha256, folder)
    keys = Keys(predictor.signature)
    return LoadedModel(predictor, RowReader(agreed, most_rows), keys, age.trained, age.newest_row)


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
        raise ModelError(f"{error.filename}: cannot be read: {error.strerror}. {FIX}") from error
    except Exception as error:  # ONNX Runtime raises classes of its own, with Exception as their only base
        raise ModelError(f"{model} does not do what {described} says: {one_line(error)}. {FIX}") from error
    return predictor
