"""Do serving and training compute the same? `goldenpath replay` asks the offline pipeline what the service was asked.

The inputs of logged requests go through the contract's features and the scikit-learn estimator, as in training, and the
score and decision that were served are held against what comes out. The same pass counts the values that were missing.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from goldenpath.model import estimator, store, task
from goldenpath.model.features import as_category
from goldenpath.monitoring import log
from goldenpath.monitoring.log import INPUT, Format
from goldenpath.project import files, params
from goldenpath.project.contract import PERSONAL
from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit
from goldenpath.project.paths import DECISION, ESTIMATORS, REPLAY
from goldenpath.repository import facts

ROWS = 10_000
LEAST_ROWS = 100
MOST_SAMPLES = 5


@dataclass(frozen=True)
class Replayed:
    """What a replay found.

    Attributes:
        rows: Records of this model that were replayed, the newest.
        others: Records of other models, which this one cannot be held against.
        mismatches: Rows whose score or decision differs.
        largest: The largest difference of a score, relative as in export.
        samples: Ids of some rows that differ.
        missing: Share of missing values of each input.
    """

    rows: int
    others: int
    mismatches: int
    largest: float
    samples: tuple[str, ...]
    missing: dict[str, float]


def replay(agreed: Format, records: pd.DataFrame, others: int, root: Path = Path()) -> Replayed:
    """Compute again what was served.

    Args:
        agreed: The log's format, under the present model.
        records: Logged predictions of this model; see :func:`log.read`.
        others: Records of other models.
        root: The project's folder.

    Raises:
        ProjectError: An input is logged hashed or not at all, or the estimator is not there.
    """
    settings = params.load(root / params.PATH)
    hidden = [item.name for item in agreed.described.inputs if agreed.agreed[item.name].classification in PERSONAL]
    if hidden:
        raise ProjectError(
            f"{', '.join(hidden)}: personal by contract.yaml, so the log does not hold what the model saw, and nothing "
            "can be replayed."
        )
    asked, inputs = task.of(agreed.agreed, settings), agreed.described.inputs
    rows = pd.DataFrame({item.name: records[INPUT + item.name] for item in inputs})
    missing = {str(name): float(values.isna().mean()) for name, values in rows.items()}
    if rows.empty:
        return Replayed(0, others, 0, 0.0, (), missing)
    fitted = store.load(root / ESTIMATORS)["model"]
    expected = estimator.scores(asked, fitted, estimator.as_frame(inputs, rows))
    shown = expected.max(axis=1) if asked.kind == "multiclass" else expected
    served = records["score"].to_numpy(dtype=np.float64, na_value=np.nan)
    spread = float(shown.std()) if asked.kind == "regression" else 0.0
    difference = np.abs(served - shown) / np.maximum(max(1.0, spread), np.abs(shown))
    wrong = ~(difference <= settings.export.tolerance)
    if asked.kind != "regression":
        threshold = json.loads((root / DECISION).read_text(encoding="utf-8"))["thresholds"].get("model")
        wrong |= _decided(asked.classes, expected, threshold) != _names(records["decision"])
    return Replayed(
        rows=len(rows),
        others=others,
        mismatches=int(wrong.sum()),
        largest=float(f"{np.nanmax(difference):.3g}"),
        samples=tuple(records["id"][wrong].head(MOST_SAMPLES)),
        missing=missing,
    )


def newest(
    folder: Path, agreed: Format, most: int, since: datetime | None = None, until: datetime | None = None
) -> tuple[pd.DataFrame, int]:
    """The newest records of the present model, and how many of other models there are."""
    kept, others = agreed.schema.empty_table(), 0
    for found in log.batches(folder, agreed, since, until):
        own = found.filter(pc.equal(found["model"], agreed.described.model_sha256))
        others += found.num_rows - own.num_rows
        kept = pa.concat_tables([kept, own])
        if kept.num_rows > most:
            kept = kept.sort_by([("time", "descending")]).slice(0, most)
    return log.as_frame(kept, agreed), others


def _decided(classes: tuple[Any, ...], expected: NDArray[Any], threshold: float | None) -> NDArray[Any]:
    names = [as_category(label) for label in classes]
    chosen = expected.argmax(axis=1) if expected.ndim > 1 else (expected >= (threshold or 0.5)).astype(int)
    return np.array([names[index] for index in chosen], dtype=object)


def _names(decisions: pd.Series) -> NDArray[Any]:
    return np.array([as_category(None if pd.isna(value) else value) for value in decisions], dtype=object)


def run(folder: Path, rows: int = ROWS, since: datetime | None = None, until: datetime | None = None) -> Exit:
    """Compute logged predictions again as in training, write the report, and say what came out.

    Args:
        folder: The prediction log.
        rows: Only the N most recent rows.
        since: The earliest time, inclusive.
        until: The latest time, exclusive.

    Returns:
        INCONCLUSIVE where fewer than 100 rows are there, ALARM where something differs.

    Raises:
        ProjectError: An input is logged hashed or not at all, or the estimator is not there.
    """
    agreed = log.of_project()
    records, others = newest(folder, agreed, rows, since, until)
    found = replay(agreed, records, others)
    told = {
        "rows": found.rows,
        "mismatches": found.mismatches,
        "model": agreed.described.model_sha256,
        "inputs": [item.name for item in agreed.described.inputs],
        "missing": {name: round(share, 6) for name, share in found.missing.items()},
        "modes": {str(mode): int(count) for mode, count in records["mode"].value_counts().items()},
        "environment": facts.environment(),
    }
    facts.tell(told)
    details = {"records_of_other_models": others, "largest_difference": found.largest, "samples": list(found.samples)}
    files.write_json(REPLAY, told | details)
    print(
        f"replay: {found.mismatches:,} of {found.rows:,} rows differ; largest difference {found.largest:g}; "
        f"{others:,} records of other models were left out."
    )
    if found.samples:
        print(f"  Differ: {', '.join(found.samples)}", file=sys.stderr)
    if found.rows < LEAST_ROWS:
        print(f"  Fewer than {LEAST_ROWS} rows prove nothing.", file=sys.stderr)
    if found.mismatches:
        return Exit.ALARM
    return Exit.INCONCLUSIVE if found.rows < LEAST_ROWS else Exit.OK
