"""What an upgrade changed in a product: stages, metrics, and predictions on held-out rows; as Markdown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from goldenpath.fleet.codemods import Rename
from goldenpath.model.estimator import as_frame
from goldenpath.model.predictor import Predictor
from goldenpath.model.signature import ModelError
from goldenpath.pipeline import fingerprints
from goldenpath.project import yaml_text
from goldenpath.project.paths import DVC_LOCK, METRICS, MODEL, SIGNATURE, split_file

REPORT = Path("reports/upgrade.md")


@dataclass(frozen=True)
class Results:
    """What the pipeline had made at one time.

    Attributes:
        fingerprints: Of each stage.
        lock: What ``dvc.lock`` says of each stage.
        metrics: Values of the model's metrics, by name.
        predictor: The model; None where it is not here.
    """

    fingerprints: Mapping[str, str]
    lock: Mapping[str, Any]
    metrics: Mapping[str, float]
    predictor: Predictor | None = None


@dataclass(frozen=True)
class Predictions:
    """How the predictions of two models differ on the same rows.

    Attributes:
        rows: How many rows both predicted.
        changed: How many are decided otherwise; for a regression, predicted otherwise at all.
        mean: Mean absolute difference of the scores, in their unit.
        largest: The largest.
    """

    rows: int
    changed: int
    mean: float
    largest: float


@dataclass(frozen=True)
class Changes:
    """What an upgrade did.

    Attributes:
        before: The former version.
        after: The new one.
        stale: Stages whose code, or whose deciding packages, changed.
        ran: Stages that ran again.
        metrics: Name, value before and value after; NaN where there was none.
        predictions: How predictions changed, or why that is not known.
        renames: Settings that were renamed.
        files: Files that were rendered anew or removed.
        notes: What a person has to look at.
    """

    before: str
    after: str
    stale: Sequence[str] = ()
    ran: Sequence[str] = ()
    metrics: Sequence[tuple[str, float, float]] = ()
    predictions: Predictions | str = "no pipeline was run"
    renames: Sequence[Rename] = ()
    files: Sequence[str] = ()
    notes: Sequence[str] = field(default=())


def results(root: Path) -> Results:
    """What lies in a project now; what is missing is empty."""
    try:
        predictor = Predictor.load(root / MODEL, root / SIGNATURE)
    except ModelError:
        predictor = None
    metrics = json.loads(_text(root / METRICS) or "{}").get("model", {})
    return Results(
        fingerprints=stages(root),
        lock=(yaml_text.load(_text(root / DVC_LOCK)) or {}).get("stages", {}),
        metrics={name: found["value"] for name, found in metrics.items() if found.get("value") is not None},
        predictor=predictor,
    )


def stages(root: Path) -> dict[str, str]:
    """The fingerprint of each stage, as the project holds it."""
    content = yaml_text.load(_text(root / fingerprints.FILE)) or {}
    return {name: str(value) for name, value in content.items() if name != "library"}


def stale(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The stages whose fingerprint changed, in the order of the pipeline."""
    return [name for name in after if before.get(name) != after[name]]


def ran(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The stages of which ``dvc.lock`` says something else, in the order of its file."""
    return [name for name in after if before.get(name) != after[name]]


def metrics(before: Mapping[str, float], after: Mapping[str, float]) -> list[tuple[str, float, float]]:
    """Every metric with its value before and after."""
    return [(name, before.get(name, np.nan), after.get(name, np.nan)) for name in {**before, **after}]


def predictions(root: Path, before: Predictor | None, after: Predictor | None) -> Predictions | str:
    """Let both models predict the held-out rows.

    Returns:
        How the predictions differ; or why they cannot be compared.
    """
    if before is None:
        return f"{MODEL} of before is not here (`goldenpath results` gets it), so nothing was compared"
    held_out = root / split_file("test")
    if after is None or not held_out.is_file():
        return "there is no new model or no test part, so nothing was compared"
    rows = pd.read_parquet(held_out)
    inputs = {item.name for item in (*before.signature.inputs, *after.signature.inputs)}
    if missing := sorted(inputs - set(rows.columns)):
        return f"the test part has no {', '.join(missing)}, so nothing was compared"
    first, second = (_predicted(predictor, rows) for predictor in (before, after))
    if first[1].shape != second[1].shape:
        return "the two models know other classes, so nothing was compared"
    differences = np.abs(first[1] - second[1]).reshape(len(rows), -1).max(axis=1)
    changed = int(sum(one != other for one, other in zip(first[0], second[0], strict=True)))
    return Predictions(len(rows), changed, float(differences.mean()), float(differences.max()))


def markdown(changes: Changes) -> str:
    """The report, fit for a pull request."""
    blocks = [f"# goldenpath {changes.before} to {changes.after}"]
    code, again = (", ".join(names) or "none" for names in (changes.stale, changes.ran))
    blocks.append(f"Stages whose code or packages changed: {code}.\nStages that ran again: {again}.")
    if changes.metrics:
        table = ["| metric | before | after | difference |", "|---|---|---|---|"]
        table += [f"| {name} | {old:.6g} | {new:.6g} | {new - old:+.3g} |" for name, old, new in changes.metrics]
        blocks.append("\n".join(["## Metrics on the test part", "", *table]))
    blocks.append(f"## Predictions on held-out rows\n\n{_in_words(changes.predictions)}")
    for title, lines in (
        ("Settings renamed", list(map(str, changes.renames))),
        ("Files rendered anew", list(changes.files)),
        ("To look at", list(changes.notes)),
    ):
        if lines:
            blocks.append("\n".join([f"## {title}", "", *(f"- {line}" for line in lines)]))
    return "\n\n".join(blocks) + "\n"


def _in_words(found: Predictions | str) -> str:
    if isinstance(found, str):
        return f"Unknown: {found}."
    if found.largest == 0 and not found.changed:
        return f"None of {found.rows:,} changed."
    return (
        f"{found.changed:,} of {found.rows:,} are decided otherwise ({found.changed / found.rows:.2%}). "
        f"Scores differ by {found.mean:.3g} on average and by {found.largest:.3g} at most."
    )


def _predicted(predictor: Predictor, rows: pd.DataFrame) -> tuple[list[Any], Any]:
    """Decisions and scores of rows, which are encoded as in training."""
    frame = as_frame(predictor.signature.inputs, rows)
    scores = predictor.scores({str(name): column.to_list() for name, column in frame.items()})
    decisions = predictor.decisions(scores).tolist()
    classes = predictor.signature.classes
    named = decisions if predictor.signature.task == "regression" else [classes[index] for index in decisions]
    return named, np.asarray(scores, dtype=np.float64)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
