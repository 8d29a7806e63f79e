"""The two models: the candidate of the work tree, and the champion of the base."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from goldenpath.gates import base
from goldenpath.gates.model import held_out, revision
from goldenpath.gates.model.held_out import Learned
from goldenpath.gates.model.lock import Lock
from goldenpath.gates.verdict import InconclusiveError
from goldenpath.model import estimator, signature, task
from goldenpath.model.features import as_category
from goldenpath.model.predictor import Predictor
from goldenpath.model.signature import ModelError
from goldenpath.model.task import Task
from goldenpath.project import contract, params, yaml_text
from goldenpath.project.contract import Contract
from goldenpath.project.errors import ProjectError
from goldenpath.project.params import Params
from goldenpath.project.paths import DVC_LOCK, LINEAGE, MODEL, SIGNATURE, SPLIT, SPLIT_REPORT, split_file

LEARNING_PARTS = ("train", "validation")


@dataclass(frozen=True)
class Candidate:
    """The model of the work tree, and what it is judged by.

    Attributes:
        root: The project's folder.
        contract: The columns.
        params: The parameters, limits included.
        task: What is predicted.
        predictor: The exported model.
        size: Bytes of its file.
        rows: The held-out rows.
        lock: The work tree's ``dvc.lock``; None where there is none.
        lineage: The in-toto statement beside the model; None where there is none.
    """

    root: Path
    contract: Contract
    params: Params
    task: Task
    predictor: Predictor
    size: int
    rows: pd.DataFrame
    lock: Lock | None
    lineage: Mapping[str, Any] | None


@dataclass(frozen=True)
class Incumbent:
    """The champion, as far as git tells; its model and its rows are DVC's and are brought when they are needed.

    Attributes:
        root: The project's folder.
        commit: The commit whose model it is.
        signature: What it takes and predicts, as JSON.
        lock: The commit's ``dvc.lock``.
    """

    root: Path
    commit: str
    signature: Mapping[str, Any]
    lock: Lock

    @property
    def model(self) -> str:
        """SHA-256 of its file."""
        return str(self.signature.get("model_sha256", ""))

    def predictor(self) -> Predictor:
        """Load it.

        Raises:
            InconclusiveError: The file cannot be had, or is not the one that the signature describes.
        """
        try:
            return Predictor(revision.stored(self.root, self.commit, MODEL), signature.parse(self.signature))
        except (ModelError, KeyError, TypeError, AttributeError) as error:
            raise InconclusiveError(f"The model of commit {self.commit[:9]} cannot be loaded.", str(error)) from error

    def text(self, path: Path) -> str | None:
        """A file that git keeps at its commit."""
        return base.text(self.root, self.commit, path)

    def learned(self, by: str, mine: Lock | None) -> Learned:
        """What it has seen of the rows.

        Args:
            by: ``split.by`` of the candidate.
            mine: The candidate's lock: the same division holds out the same rows for both.

        Raises:
            InconclusiveError: The rows cannot be had.
        """
        divided = self.lock.outs.get(str(SPLIT))
        if divided and mine is not None and mine.outs.get(str(SPLIT)) == divided:
            return Learned()
        if by == "time":
            report = json.loads(self.text(SPLIT_REPORT) or "{}")
            ends = [report.get(part, {}).get("to") for part in LEARNING_PARTS]
            if all(ends):
                return Learned(newest=max(pd.Timestamp(end) for end in ends))
        files = [revision.stored(self.root, self.commit, split_file(part)) for part in LEARNING_PARTS]
        return Learned(rows=pd.concat([pd.read_parquet(io.BytesIO(content)) for content in files]))


def load(root: Path) -> Candidate:
    """Read the work tree's model.

    Raises:
        ProjectError: A file is missing or does not belong to the others; with the command that fixes it.
    """
    agreed, settings = contract.load(root / contract.PATH), params.load(root / params.PATH)
    predictor = Predictor.load(root / MODEL, root / SIGNATURE)
    if predictor.signature.contract_sha256 != agreed.sha256:
        raise ProjectError("contract.yaml has changed since the model was exported. Run `make run`.")
    test = root / split_file("test")
    if not test.is_file():
        raise ProjectError(f"{split_file('test')}: no such file. Run `make run`, or `dvc pull`.")
    lock, lineage = root / DVC_LOCK, root / LINEAGE
    return Candidate(
        root=root,
        contract=agreed,
        params=settings,
        task=task.of(agreed, settings),
        predictor=predictor,
        size=(root / MODEL).stat().st_size,
        rows=pd.read_parquet(test),
        lock=Lock.parse(lock.read_text(encoding="utf-8")) if lock.is_file() else None,
        lineage=json.loads(lineage.read_text(encoding="utf-8")) if lineage.is_file() else None,
    )


def load_champion(root: Path, commit: str) -> Incumbent | None:
    """The model of a commit; None where the commit has none.

    Raises:
        InconclusiveError: The commit names a model without its signature.
    """
    locked = base.text(root, commit, DVC_LOCK)
    lock = Lock.parse(locked) if locked else None
    if lock is None or str(MODEL) not in lock.outs:
        return None
    try:
        described = json.loads(base.text(root, commit, SIGNATURE) or "")
    except ValueError as error:
        raise InconclusiveError(
            f"{DVC_LOCK} of commit {commit[:9]} names a model, but git has no {SIGNATURE} beside it.",
            "Judge against another commit: goldenpath gate model --base …",
        ) from error
    return Incumbent(root, commit, described, lock)


def own_learning(found: Candidate) -> Learned:
    """What the candidate has seen of the rows, as far as the rule of its split asks."""
    split, files = found.params.split, [found.root / split_file(part) for part in LEARNING_PARTS]
    holder = {"time": found.contract.time, "entity": found.contract.entity}.get(split.by)
    if holder is None:
        return Learned()
    parts = [pd.read_parquet(path, columns=[holder.name]) for path in files]
    if split.by == "time":
        return Learned(newest=held_out.newest([part[holder.name] for part in parts]))
    return Learned(rows=pd.concat(parts))


def scores(problem: Task, predictor: Predictor, rows: pd.DataFrame) -> NDArray[np.float64]:
    """A model's scores as the metrics take them.

    Args:
        problem: What is predicted; its classes give the order of the probabilities.
        predictor: The model.
        rows: Rows of the contract, with every column that the model takes.

    Returns:
        See :func:`estimator.scores`.
    """
    frame = estimator.as_frame(predictor.signature.inputs, rows)
    columns: dict[str, Any] = {str(name): column.to_numpy() for name, column in frame.items()}
    found = predictor.scores(columns).astype(np.float64)
    if problem.kind != "multiclass":
        return found
    position = {as_category(label): index for index, label in enumerate(problem.classes)}
    aligned = np.zeros((len(rows), len(problem.classes)))
    aligned[:, [position[as_category(label)] for label in predictor.signature.classes]] = found
    return aligned


def limits_of(text: str | None) -> dict[str, Any]:
    """The limits in the text of ``params.yaml``, as they stand there; empty where it has none."""
    content = yaml_text.load(text or "")
    gates = content.get("gates") if isinstance(content, dict) else None
    return gates if isinstance(gates, dict) else {}
