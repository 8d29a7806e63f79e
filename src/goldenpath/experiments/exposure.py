"""Who was served by which variant, and whether that is the comparison that was planned.

A unit is the entity of a row, or its request where a row names none. The log is the witness: what the plan says is
computed again for every unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import chisquare

from goldenpath.experiments import confidence_sequences, effects
from goldenpath.experiments.effects import Predictions
from goldenpath.model.features import as_category
from goldenpath.model.task import Task
from goldenpath.monitoring import labels, log
from goldenpath.monitoring.labels import LABEL
from goldenpath.monitoring.log import INPUT, Format
from goldenpath.project.errors import ProjectError
from goldenpath.serving.routing import CHALLENGER, CHAMPION, SHADOW, Experiment

UNEVEN = 0.001
"""A p-value below which shares or labels are uneven: such a check looks at every experiment, and seldom should err."""
ROUTED = "rest"
TOLD_UNITS = 200
"""Assignments that a report tells, for others to compute again."""
KEYS = ["id", "request", "time", "mode", "variant", "model", "decision", "score", "latency_ms", "entity"]


@dataclass(frozen=True)
class Split:
    """How the units fell into the variants.

    Attributes:
        units: Units by variant.
        wanted: The shares that the plan gives them, in percent.
        p_value: Of units that do not fall by their shares, true at every look; None where all are asked of both.
        chi_squared: The p-value of one look, for comparison.
        moved: Units that both variants served.
        misplaced: Units whose variant is not the one that the salt gives them.
        models: Digests of the models that predicted, by variant.
        assignments: Some units and their variants.
    """

    units: Mapping[str, int]
    wanted: Mapping[str, float]
    p_value: float | None
    chi_squared: float | None
    moved: int
    misplaced: int
    models: Mapping[str, list[str]]
    assignments: Mapping[str, str]


def read(plan: Experiment, folder: Path, agreed: Format) -> pd.DataFrame:
    """The experiment's predictions by time, each once, with ``unit`` and ``challenger`` (whether that variant gave it).

    Those over REST: batches and events have no routes. Where the challenger is a shadow, those that both predicted.

    Raises:
        ProjectError: There is no log, or no prediction of the experiment in it.
    """
    since, until = period(plan)
    other = SHADOW if plan.is_shadow else CHALLENGER
    columns, wanted = [*KEYS, *segments_of(agreed)], pa.array([CHAMPION, other])
    tables = [
        table.select(columns).filter(pc.and_(pc.is_in(table["variant"], wanted), pc.equal(table["mode"], ROUTED)))
        for table in log.batches(folder, agreed, since, until, columns)
    ]
    empty = pa.schema([agreed.schema.field(name) for name in columns]).empty_table()
    frame = log.as_frame(pa.concat_tables([empty, *tables]), agreed).drop_duplicates(["id", "variant"], keep="last")
    frame = frame[frame["score"].notna()].sort_values("time", ignore_index=True)
    frame["challenger"] = (frame["variant"] == other).to_numpy(dtype=bool)
    if plan.is_shadow:
        frame = frame[frame.groupby("id")["variant"].transform("size") == len(wanted)]
    elif since is None:
        frame = frame[frame["time"] >= frame.loc[frame["challenger"], "time"].min()]
    counts = [int((frame["challenger"] == is_there).sum()) for is_there in (False, True)]
    if not all(counts):
        begun = f" since {since.date()}" if since else ""
        raise ProjectError(
            f"{folder}: {counts[0]:,} predictions of {CHAMPION} and {counts[1]:,} of {other}{begun} can be compared. "
            f"Serve with ROUTES=experiments/{plan.name}.yaml, or name the log: --log FOLDER."
        )
    frame["unit"] = units_of(frame)
    return frame.reset_index(drop=True)


def period(plan: Experiment) -> tuple[datetime | None, datetime | None]:
    """From when predictions count, and until when; without a start, the challenger's first prediction is the start."""
    since = None if plan.start is None else _midnight(plan.start)
    until = _midnight(plan.stop) + timedelta(days=1) if isinstance(plan.stop, date) else None
    return since, until


def units_of(frame: pd.DataFrame) -> pd.Series:
    """The unit of each prediction, as the routes take it."""
    entities = frame["entity"].map(as_category, na_action="ignore")
    return pd.Series(entities.astype("string").fillna(frame["request"].astype("string")))


def split(plan: Experiment, frame: pd.DataFrame) -> Split:
    """How the units of :func:`read` fell into the variants."""
    first = frame.drop_duplicates(["unit", "challenger"])
    counts = np.array([(~first["challenger"]).sum(), first["challenger"].sum()], dtype=np.int64)
    shares = np.array([plan.variants[CHAMPION], plan.variants[CHALLENGER]]) / 100
    models = {str(name): sorted(part["model"].dropna().unique()) for name, part in frame.groupby("variant", sort=True)}
    other = SHADOW if plan.is_shadow else CHALLENGER
    units = {CHAMPION: int(counts[0]), other: int(counts[1])}
    if plan.is_shadow:
        return Split(units, dict(plan.variants), None, None, 0, 0, models, {})
    placed = [plan.variant_of(unit) == CHALLENGER for unit in first["unit"]]
    once = first.drop_duplicates("unit").head(TOLD_UNITS)
    told = {
        str(unit): CHALLENGER if is_there else CHAMPION
        for unit, is_there in zip(once["unit"], once["challenger"], strict=True)
    }
    return Split(
        units,
        dict(plan.variants),
        float(confidence_sequences.uneven_shares(counts, shares)),
        float(chisquare(counts, counts.sum() * shares).pvalue),
        len(first) - first["unit"].nunique(),
        int((np.array(placed) != first["challenger"].to_numpy()).sum()),
        models,
        told,
    )


def labelled(folder: Path, frame: pd.DataFrame, asked: Task) -> tuple[pd.DataFrame, Predictions]:
    """The predictions whose label is known, as rows and as the metrics take them."""
    values = frame["id"].map(labels.load(folder)[LABEL])
    known = frame[values.notna()].reset_index(drop=True)
    is_number = asked.kind == "regression"
    actual = asked.encode(map(float, values.dropna()) if is_number else values.dropna())
    score = known["score"].to_numpy(dtype=np.float64)
    decided = score if is_number else asked.encode(known["decision"])
    return known, Predictions(
        numbered(known["unit"]),
        known["challenger"].to_numpy(dtype=bool),
        actual.astype(np.float64),
        score,
        decided.astype(np.float64),
    )


def numbered(units: pd.Series) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Units as numbers from 0."""
    return np.asarray(pd.factorize(units)[0], dtype=np.int64)


def spoiled(plan: Experiment, found: Split, frame: pd.DataFrame, has_truth: pd.Series) -> Iterator[str]:
    """Why the comparison is none; nothing where it is one."""
    if found.p_value is not None and found.p_value < UNEVEN:
        told = ", ".join(f"{name} {count:,} for {found.wanted[name]:g} %" for name, count in found.units.items())
        yield (
            f"Units do not fall into the variants by their shares: {told} (p {found.p_value:.2g}). Some got lost "
            "on the way, and those may be others than the rest."
        )
    if found.moved:
        yield f"{found.moved:,} units were served by both variants: they changed sides."
    if found.misplaced > found.moved:
        yield f"{found.misplaced:,} units are not in the variant that the plan's salt gives them."
    for name, digests in found.models.items():
        if len(digests) > 1:
            yield f"{len(digests)} models predicted as {name}; it was not one thing that was compared."
        if name != CHAMPION and digests and plan.model not in digests:
            yield f"As {name} predicted the model {digests[0][:12]}, not {plan.model[:12]}, which the plan names."
    if (uneven := _labels_apart(frame, has_truth)) is not None and not plan.is_shadow:
        yield (
            f"The label of {uneven[0]:.1%} of the champion's predictions is known and of {uneven[1]:.1%} of the "
            "challenger's: what is compared is not what was predicted."
        )


def segments_of(agreed: Format) -> list[str]:
    """The logged columns by which an experiment is looked at in parts."""
    names = [INPUT + column.name for role in ("segment", "protected") for column in agreed.agreed.having(role)]
    return [name for name in dict.fromkeys(names) if name in agreed.schema.names]


def _labels_apart(frame: pd.DataFrame, has_truth: pd.Series) -> tuple[float, float] | None:
    """Shares of predictions whose label is known, where they differ by more than chance."""
    known = has_truth.to_numpy(dtype=np.float64)
    rows = Predictions(numbered(frame["unit"]), frame["challenger"].to_numpy(dtype=bool), known, known, known)
    found = effects.between(effects.of_values(lambda part: part.actual), rows)
    if not np.isfinite(found.error) or found.error == 0:
        return None
    # Tightest at a difference of five points, which would move most metrics by as much as they are compared for.
    width = float(confidence_sequences.half_width(found.error, UNEVEN, 0.05))
    return (found.champion, found.challenger) if abs(found.difference) > width else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
