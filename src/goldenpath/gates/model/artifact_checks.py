"""The gates of what is committed beside the model: that it is about this model, on rows that it has not seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyarrow import parquet

from goldenpath.evaluation.metrics import HEADLINE
from goldenpath.gates.model.candidate import LEARNING_PARTS, Candidate, own_learning
from goldenpath.gates.model.findings import Gate, held
from goldenpath.gates.model.held_out import unseen
from goldenpath.project.params import Export
from goldenpath.project.paths import DVC_LOCK, LINEAGE, METRICS, MODEL, PARITY, SPLIT, VALIDATION_REPORT, split_file
from goldenpath.reports import formatting

AGREEMENT = 1e-3
"""How far a metric through ONNX may be from the reported one, relative to the larger: both score the same rows, and
only scores that round to the same float32 change their order."""
FIX = "make run, and commit what it wrote; or `dvc checkout` to get the committed files back."


def judge(found: Candidate, headline: float | None) -> Iterator[Gate]:
    """Judge what the pipeline wrote about the model.

    Args:
        found: The candidate.
        headline: The task's headline metric over the held-out rows, as measured just now.
    """
    yield _records(found, headline)
    yield _held_out(found)
    yield parity(found.root, found.params.export, len(found.rows))


def parity(root: Path, settings: Export, rows: int) -> Gate:
    """Whether the ONNX graph answered as scikit-learn does on every held-out row, by the export stage's report.

    Args:
        root: The project's folder.
        settings: The tolerance that was agreed on.
        rows: Held-out rows.
    """
    limit = f"0 flips, {settings.share:.2%} within {settings.tolerance:g}"
    report = _json(root / PARITY)
    if not report:
        return Gate("parity", "inconclusive", f"{PARITY} is missing or is no report.", limit=limit, fix=FIX)
    if report.get("rows") != rows or report.get("tolerance") != settings.tolerance:
        reason = (
            f"{PARITY} is about {report.get('rows', 0):,} rows within {report.get('tolerance')}, not about these "
            f"{rows:,} within {settings.tolerance:g}."
        )
        return Gate("parity", "fail", reason, limit=limit, fix=FIX)
    share, flips = report.get("share_within_tolerance", 0.0), report.get("flipped_decisions", -1)
    return held(
        "parity",
        flips == 0 and share >= settings.share,
        value=share,
        limit=limit,
        reason=f"ONNX agrees with scikit-learn on {formatting.share(share)} of {rows:,} rows; {flips} decisions flip.",
        fix="" if flips == 0 and share >= settings.share else "Fix model/onnx_export.py, then make run.",
    )


def _records(found: Candidate, headline: float | None) -> Gate:
    """Whether lock, lineage and metrics are those of the model and the rows that lie here."""
    faults = []
    if found.lock is None:
        faults.append(f"there is no {DVC_LOCK}")
    else:
        faults += [
            f"{path} is not the one that {DVC_LOCK} names"
            for path in (MODEL, SPLIT, METRICS, PARITY)
            if not found.lock.is_of(found.root, path)
        ]
    if _subject(found.lineage) != found.predictor.signature.model_sha256:
        faults.append(f"{LINEAGE} is not about this model")
    name = HEADLINE[found.task.kind]
    reported = _value(_json(found.root / METRICS), name)
    if headline is not None and (
        reported is None or abs(reported - headline) > AGREEMENT * max(abs(reported), abs(headline))
    ):
        faults.append(
            f"{METRICS} says {name} {formatting.number(reported)}, the model here has {formatting.number(headline)}"
        )
    return held(
        "records",
        not faults,
        limit="all about this model",
        reason=f"Not so: {'; '.join(faults)}."
        if faults
        else f"{DVC_LOCK}, {LINEAGE} and {METRICS} are about this model on these rows.",
        fix=FIX if faults else "",
    )


def _held_out(found: Candidate) -> Gate:
    """Whether the candidate has not learned from what it is judged on."""
    by, rows = found.params.split.by, len(found.rows)
    limit = "0 rows seen"
    lacking = [path for path in map(split_file, LEARNING_PARTS) if not (found.root / path).is_file()]
    if lacking:
        reason = f"{formatting.listed([str(path) for path in lacking])} is missing."
        return Gate("held_out", "inconclusive", reason, limit=limit, fix="dvc pull, or make run.")
    # At random, a row that stands twice in the data may fairly stand in two parts; a part of too many rows may not.
    if by == "random":
        seen = _surplus(found)
    else:
        seen = int((~unseen(found.rows, found.contract, by, own_learning(found))).sum())
    return held(
        "held_out",
        not seen,
        value=float(seen),
        limit=limit,
        reason=f"The model has seen what {formatting.counted(seen, 'held-out row')} of {rows:,} hold."
        if seen
        else f"The model has seen none of the {rows:,} held-out rows.",
        fix="Fix pipeline/split.py; tests/pipeline/test_split.py says what it has to hold." if seen else "",
    )


def _surplus(found: Candidate) -> int:
    """How many rows the parts of the split hold beyond the valid rows there are."""
    files = [found.root / split_file(part) for part in (*LEARNING_PARTS, "test")]
    parts: int = sum(parquet.read_metadata(path).num_rows for path in files)
    return max(0, parts - int(_json(found.root / VALIDATION_REPORT).get("valid", 0)))


def _subject(lineage: Any) -> str:
    try:
        return next(str(item["digest"]["sha256"]) for item in lineage["subject"] if item["name"] == str(MODEL))
    except (KeyError, TypeError, StopIteration):
        return ""


def _value(report: dict[str, Any], name: str) -> float | None:
    try:
        return float(report["model"][name]["value"])
    except (KeyError, TypeError, ValueError):
        return None


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
