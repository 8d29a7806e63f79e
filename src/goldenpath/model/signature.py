"""The signature beside the graph: which columns go in, in which order, and what comes out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from goldenpath.model.task import Kind, Task
from goldenpath.project import contract
from goldenpath.project.contract import Contract
from goldenpath.project.errors import ProjectError


class ModelError(ProjectError):
    """The exported model cannot be used: files are missing or do not belong together."""


@dataclass(frozen=True)
class Input:
    """One column that the model takes.

    Attributes:
        name: The contract's name of the column.
        type: The contract's logical type.
        is_category: Whether the column goes into the tensor of categories rather than of numbers.
    """

    name: str
    type: str
    is_category: bool


@dataclass(frozen=True)
class Signature:
    """What a program must know to call the model.

    Attributes:
        task: The kind of problem.
        target: What is predicted.
        classes: The classes in the order of the probabilities; the positive class is last of two.
        threshold: Score from which two classes are decided for the positive one.
        inputs: The columns in the order of the contract.
        model_sha256: Digest of the ONNX file.
        contract_sha256: Digest of the contract that the model was trained under.
    """

    task: Kind
    target: str
    classes: tuple[Any, ...]
    threshold: float | None
    inputs: tuple[Input, ...]
    model_sha256: str
    contract_sha256: str

    @property
    def sha256(self) -> str:
        """Digest of the signature itself."""
        return hashlib.sha256(json.dumps(self.to_json(), default=str).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The signature as it stands in ``signature.json``."""
        return asdict(self)


def describe(asked: Task, agreed: Contract, threshold: float | None, model: bytes) -> Signature:
    """The signature of a freshly exported model."""
    return Signature(
        task=asked.kind,
        target=asked.target,
        classes=asked.classes,
        threshold=threshold,
        inputs=tuple(Input(column.name, column.type, column.is_category) for column in agreed.features),
        model_sha256=hashlib.sha256(model).hexdigest(),
        contract_sha256=agreed.sha256,
    )


def refuse_other_contract(described: Signature, agreed: Contract) -> None:
    """Stop where a model was trained under another contract than the one at hand.

    Raises:
        ModelError: It was.
    """
    if described.contract_sha256 != agreed.sha256:
        raise ModelError(
            f"{contract.PATH} is not the contract that the model was trained under. Run `make run`, "
            "or get the committed contract back."
        )


def load(path: Path) -> Signature:
    """Read a signature.

    Raises:
        ModelError: The file is missing or is not a signature.
    """
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file. Run `make run`.") from error
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: not a signature ({error}). Run `make run`.") from error


def parse(content: Mapping[str, Any]) -> Signature:
    """A signature as it stands in ``signature.json``.

    Raises:
        KeyError, TypeError, AttributeError: It is none.
    """
    inputs = tuple(Input(**item) for item in content["inputs"])
    return Signature(**{**content, "classes": tuple(content["classes"]), "inputs": inputs})
