"""What the evaluation page is made from: the files that the pipeline leaves behind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldenpath.model import signature
from goldenpath.model.signature import Signature
from goldenpath.project import contract, params
from goldenpath.project.contract import Contract
from goldenpath.project.errors import ProjectError
from goldenpath.project.params import Params
from goldenpath.project.paths import (
    LINEAGE,
    METRICS,
    PARITY,
    PLOTS,
    SEGMENTS,
    SIGNATURE,
    SPLIT_REPORT,
    VALIDATION_REPORT,
)

Table = list[dict[str, Any]]


@dataclass(frozen=True)
class Inputs:
    """Everything the page tells, as the pipeline wrote it.

    Attributes:
        contract: The columns, and the product in words.
        params: The parameters.
        signature: The exported model's signature.
        metrics: ``metrics.json``: task, rows, threshold, and the metrics of model, baselines and gains.
        segments: ``segments.json``: one record for each group.
        validation: ``validation.json``: rows kept and quarantined, by rule.
        split: ``split.json``: rows and period of each part.
        parity: ``parity.json``: how far ONNX Runtime is from scikit-learn.
        plots: The tables behind the plots, by name; which there are depends on the task.
        lineage: The in-toto statement; None where none was written.
    """

    contract: Contract
    params: Params
    signature: Signature
    metrics: dict[str, Any]
    segments: Table
    validation: dict[str, Any]
    split: dict[str, Any]
    parity: dict[str, Any]
    plots: dict[str, Table]
    lineage: dict[str, Any] | None


def gather(root: Path = Path()) -> Inputs:
    """Read the pipeline's results.

    Args:
        root: The project's folder.

    Raises:
        ProjectError: A file is missing or cannot be read; the message names it and the command that makes it.
    """
    return Inputs(
        contract=contract.load(root / contract.PATH),
        params=params.load(root / params.PATH),
        signature=signature.load(root / SIGNATURE),
        metrics=_object(root / METRICS, "task", "rows", "model", "baseline", "gain"),
        segments=_json(root / SEGMENTS, list),
        validation=_object(root / VALIDATION_REPORT, "rows", "valid", "quarantined", "rules"),
        split=_object(root / SPLIT_REPORT, "train", "validation", "test"),
        parity=_object(root / PARITY, "rows"),
        plots={path.stem: _json(path, list) for path in _plots(root / PLOTS)},
        lineage=_json(root / LINEAGE, dict) if (root / LINEAGE).is_file() else None,
    )


def _plots(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.json"))
    if not found:
        raise ProjectError(f"{folder}: no plots. Run `make run`.")
    return found


def _object(path: Path, *keys: str) -> dict[str, Any]:
    content: dict[str, Any] = _json(path, dict)
    missing = [key for key in keys if key not in content]
    if missing:
        raise ProjectError(f"{path}: has no {', '.join(missing)}. Run `make run`.")
    return content


def _json(path: Path, kind: type) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ProjectError(f"{path}: no such file. Run `make run`.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path}: not JSON ({error}). Run `make run`.") from error
    if not isinstance(content, kind):
        raise ProjectError(f"{path}: holds a {type(content).__name__}, want a {kind.__name__}. Run `make run`.")
    return content
