"""What batch and events start from: the contract, the model trained under it, and where answers are logged."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from goldenpath.model import signature
from goldenpath.model.predictor import Predictor
from goldenpath.model.signature import ModelError
from goldenpath.project import contract
from goldenpath.project.contract import Contract
from goldenpath.project.paths import MODEL, SIGNATURE
from goldenpath.serving import model_age
from goldenpath.serving.model_age import ModelAge
from goldenpath.serving.prediction_log import read_key
from goldenpath.serving.settings import OFF


@dataclass(frozen=True)
class Runtime:
    """What answers, and where its answers are logged.

    Attributes:
        agreed: The contract.
        model: The ONNX file's content.
        predictor: The same, loaded.
        age: When it was trained, and on what.
        variant: What metrics and log call it.
        log: The folder of the prediction log; None where answers are not logged.
        key: Key of hashes in the log.
    """

    agreed: Contract
    model: bytes
    predictor: Predictor
    age: ModelAge
    variant: str
    log: Path | None
    key: bytes | None

    @property
    def model_version(self) -> str:
        """SHA-256 of the model file."""
        return self.predictor.signature.model_sha256


def load() -> Runtime:
    """Load what the environment says: PREDICTION_LOG (``off`` keeps none), PREDICTION_LOG_KEY_FILE and VARIANT.

    Raises:
        ContractError: The contract cannot be used.
        ModelError: The model is missing, damaged, or was trained under another contract.
        LogError: The key cannot be used.
    """
    agreed = contract.load()
    if not MODEL.is_file():
        raise ModelError(f"{MODEL}: no such file. Run `make run`.")
    model = MODEL.read_bytes()
    predictor = Predictor(model, signature.load(SIGNATURE))
    signature.refuse_other_contract(predictor.signature, agreed)
    folder = os.environ.get("PREDICTION_LOG", "")
    key_file = os.environ.get("PREDICTION_LOG_KEY_FILE", "")
    return Runtime(
        agreed=agreed,
        model=model,
        predictor=predictor,
        age=model_age.read(predictor.signature.model_sha256),
        variant=os.environ.get("VARIANT") or "champion",
        log=None if folder in ("", OFF) else Path(folder),
        key=read_key(Path(key_file) if key_file else None),
    )
