"""What the project holds beside its code: the model of the last run, locks, the library's wheel, notebooks."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd

from goldenpath.model import estimator, signature, store, task
from goldenpath.model.predictor import Predictor
from goldenpath.model.signature import ModelError
from goldenpath.pipeline import fingerprints
from goldenpath.pipeline.export import parity
from goldenpath.project import params
from goldenpath.project.contract import Contract
from goldenpath.project.paths import ESTIMATORS, MODEL, SIGNATURE, split_file
from goldenpath.repository import lock_file, wheel

NOTEBOOK_SECONDS = 300


def model_faults(root: Path, agreed: Contract) -> list[str]:
    """What in ``models/`` does not fit the contract, or not together; empty where all does.

    Args:
        root: The project's folder.
        agreed: The contract.
    """
    try:
        described = signature.load(root / SIGNATURE)
        signature.refuse_other_contract(described, agreed)
    except ModelError as error:
        return [str(error)]
    if not (root / MODEL).is_file():
        return []
    digest = hashlib.sha256((root / MODEL).read_bytes()).hexdigest()
    if digest != described.model_sha256:
        return [f"{MODEL} is not the model of {SIGNATURE}. Run: make run, or: dvc checkout {MODEL}"]
    return []


def missing_for_parity(root: Path) -> str:
    """The file of the last run without which its model cannot be compared with its estimator; empty if all are here."""
    needed = (MODEL, SIGNATURE, ESTIMATORS, split_file("test"))
    return next((str(path) for path in needed if not (root / path).is_file()), "")


def parity_of_model(root: Path, agreed: Contract, most: int) -> dict[str, Any]:
    """Compare the model of the last run with its estimator on held-out rows; see :func:`export.parity`.

    Args:
        root: The project's folder.
        agreed: The contract.
        most: Most rows to compare; the first are taken.
    """
    settings = params.load(root / params.PATH)
    predicted = task.of(agreed, settings)
    fitted = store.load(root / ESTIMATORS)["model"]
    rows = pd.read_parquet(root / split_file("test")).head(most)
    frame = estimator.as_frame(agreed.features, rows)
    expected = estimator.scores(predicted, fitted, frame)
    if predicted.kind == "multiclass":
        expected = expected[:, fitted.classes_]  # the graph knows the classes that training met
    return parity(expected, Predictor.load(root / MODEL, root / SIGNATURE), frame, settings.export)


def library_fault(root: Path, lock: str) -> str:
    """How a lock's entry of the library differs from the wheel in ``vendor/``; empty where it does not.

    Where ``vendor/`` holds no wheel, the library comes from an index, and its entry is like any other.

    Args:
        root: The project's folder.
        lock: The lock's text.
    """
    wheels = sorted((root / "vendor").glob(wheel.PATTERN))
    if not wheels:
        return ""
    if len(wheels) > 1:
        return f"vendor/ holds {len(wheels)} wheels of the library. Remove all but the one in use."
    pinned = lock_file.pinned(lock)
    if pinned is None:
        return f"does not name vendor/{wheels[0].name}. Run: goldenpath lock"
    if pinned != (wheel.version(wheels[0]), wheel.digest(wheels[0])):
        return (
            f"pins goldenpath {pinned[0]} with digest {pinned[1][:12]}…, and vendor/{wheels[0].name} is another file. "
            "Get the wheel back: git checkout HEAD -- vendor. Where the change is meant: goldenpath lock"
        )
    return ""


def stages_fault(root: Path) -> str:
    """Why ``vendor/stages.yaml`` is not what wheel and lock make of it; empty where it is."""
    wheels = sorted((root / "vendor").glob(wheel.PATTERN))
    if len(wheels) != 1:
        return "" if not wheels else f"vendor/ holds {len(wheels)} wheels of the library."
    path = root / fingerprints.FILE
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    with wheel.unpacked(wheels[0]) as sources:
        if fingerprints.text(sources, root) == text:
            return ""
    return f"{fingerprints.FILE} was made from another wheel or other locks. Run: goldenpath lock --stages"


def run_notebook(path: Path) -> str:
    """Run a notebook in its own folder.

    Returns:
        The error that it ended with; empty where it ran to its end.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    place = {"metadata": {"path": str(path.parent)}}
    try:
        NotebookClient(notebook, timeout=NOTEBOOK_SECONDS, resources=place).execute()
    except CellExecutionError as error:
        return f"{error.ename}: {error.evalue}"
    return ""
