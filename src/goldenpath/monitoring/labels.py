"""Labels: what came true, kept beside the prediction log, by the prediction that each belongs to.

A file of labels names predictions by id, or by the contract's entity and time. It may come late, hold some predictions
only, and come twice; the last label of a prediction wins. ``labels/labels.parquet`` in the log's folder holds them all,
also those by an id that the log does not hold yet: they wait there for their prediction.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from goldenpath.model.features import as_category
from goldenpath.model.task import Task
from goldenpath.monitoring import log
from goldenpath.monitoring.log import Format
from goldenpath.project.contract import PERSONAL, Column
from goldenpath.project.errors import ProjectError
from goldenpath.tables import table_io
from goldenpath.tables.table_io import read_table
from goldenpath.tables.validation import in_type

STORE = Path("labels") / "labels.parquet"
LOCK = ".taking-labels"
ID, LABEL, RECEIVED, FOUND = "id", "truth", "received", "found"
IDS = (ID, "prediction_id", "prediction")


@dataclass(frozen=True)
class Taken:
    """What became of a file of labels.

    Attributes:
        given: Its rows.
        new: Predictions in the log whose label was not known.
        again: Those whose label was known to be the same.
        changed: Those whose label was different, which is now replaced.
        unusable: Rows without a label, without a name of a prediction, or with a label that cannot be.
        unmatched: Rows without a prediction in the log. Those by id wait for it; those by entity and time are not kept,
            give them again later.
        waiting: Labels that wait for their prediction now, of this file and earlier ones.
        total: Predictions whose label is known now.
    """

    given: int
    new: int
    again: int
    changed: int
    unusable: int
    unmatched: int
    waiting: int
    total: int


def take(file: Path, folder: Path, agreed: Format, asked: Task, match_hours: float) -> Taken:
    """Take the labels of a file. The same file again changes nothing.

    Args:
        file: Parquet or CSV: a prediction's id, or entity and time, and the target.
        folder: The prediction log.
        agreed: Its format.
        asked: The task, whose classes the label has to be one of.
        match_hours: How far a time may lie from the prediction.

    Raises:
        ProjectError: The file cannot be read, or lacks a column.
    """
    with _alone(folder):
        given, unmatched = _named(_read(file), file, folder, agreed, match_hours)
        usable = given[_is_possible(given[LABEL], asked) & given[ID].notna()]
        # The last label wins, also within a file.
        fresh = usable.drop_duplicates(ID, keep="last").set_index(ID)[LABEL]
        known = load(folder)
        before = known[LABEL].reindex(fresh.index)
        is_known = before.notna()
        is_same = before.eq(fresh).fillna(False).astype(bool)
        moving = fresh[~is_same]
        found = known[FOUND].reindex(moving.index, fill_value=False)
        rows = pd.DataFrame({LABEL: moving, RECEIVED: datetime.now(UTC), FOUND: found})
        stored = pd.concat([known.drop(index=moving.index, errors="ignore"), rows]) if len(moving) else known
        now = _looked_up(stored, folder, agreed)
        if not now.equals(known):
            _write(folder, now)
        is_found = now[FOUND].reindex(fresh.index).astype(bool)
    return Taken(
        given=len(given) + unmatched,
        new=int((is_found & ~is_known).sum()),
        again=int((is_found & is_same).sum()),
        changed=int((is_found & is_known & ~is_same).sum()),
        unusable=len(given) - len(usable),
        unmatched=unmatched + int((~is_found).sum()),
        waiting=int((~now[FOUND]).sum()),
        total=int(now[FOUND].sum()),
    )


def look_up(folder: Path, agreed: Format) -> None:
    """Look in the log for the predictions that labels wait for: it may have grown since they were taken.

    Args:
        folder: The prediction log.
        agreed: Its format.

    Raises:
        ProjectError: The log cannot be used.
    """
    if load(folder)[FOUND].all():
        return
    with _alone(folder):
        known = load(folder)
        now = _looked_up(known, folder, agreed)
        if not now.equals(known):
            _write(folder, now)


def merge(store: Path, folder: Path) -> bool:
    """Take in the labels of another log; of each prediction, the label that was received last wins.

    Args:
        store: The other log's ``labels.parquet``.
        folder: The prediction log.

    Returns:
        Whether that changed anything.

    Raises:
        ValueError: It holds no labels.
    """
    with _alone(folder):
        known, others = load(folder), _stored(store)
        both = pd.concat([others, known]) if len(known) else others
        by_age = both.sort_values(RECEIVED, kind="stable")
        newest = by_age[~by_age.index.duplicated(keep="last")]
        now = newest.assign(**{FOUND: both[FOUND].groupby(level=0).any()})
        now = now.loc[known.index.append(others.index.difference(known.index, sort=False))]
        if now.equals(known):
            return False
        _write(folder, now)
    return True


def load(folder: Path) -> pd.DataFrame:
    """The labels that were taken, by the prediction's id.

    Returns:
        ``truth`` as text, when it was ``received``, and whether its prediction was ``found`` in the log.
    """
    path = folder / STORE
    if not path.is_file():
        empty = {LABEL: "string", RECEIVED: "datetime64[us, UTC]", FOUND: "bool"}
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in empty.items()}).rename_axis(ID)
    return _stored(path)


def _stored(path: Path) -> pd.DataFrame:
    stored = pd.read_parquet(path)
    if not {LABEL, RECEIVED} <= set(stored.columns):
        raise ValueError(f"{STORE.as_posix()} holds no labels")
    # Earlier versions looked no prediction up; theirs count as waiting until they are.
    return stored if FOUND in stored else stored.assign(**{FOUND: False})


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process takes labels."""
    if not folder.is_dir():
        raise ProjectError(f"{folder}: no such folder. Name the prediction log: --log FOLDER, or PREDICTION_LOG.")
    with (folder / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _looked_up(known: pd.DataFrame, folder: Path, agreed: Format) -> pd.DataFrame:
    """The labels, those that waited marked as found where the log holds their predictions.

    The log may hold tens of millions of records and labels come in thousands, so its ids pass by the ones that wait.
    """
    waiting = known.index[~known[FOUND]]
    if not len(waiting):
        return known
    wanted, found = pa.array(waiting.astype("object"), pa.string()), set[str]()
    for table in log.batches(folder, agreed, columns=[ID]):
        found.update(table[ID].filter(pc.is_in(table[ID], value_set=wanted)).to_pylist())
        if len(found) == len(waiting):
            break
    return known.assign(**{FOUND: known[FOUND] | known.index.isin(found)})


def _read(file: Path) -> pd.DataFrame:
    form = table_io.sniff(file)
    return read_table(file, form.separator, form.encoding, form.decimal)


def _named(
    rows: pd.DataFrame, file: Path, folder: Path, agreed: Format, match_hours: float
) -> tuple[pd.DataFrame, int]:
    """Ids and labels as text, and how many rows by entity and time have no prediction."""
    target = agreed.agreed.target
    label = _held(rows, (target.name, target.physical_name, LABEL))
    if label is None:
        raise ProjectError(f"{file}: has no column {target.name}, the target of contract.yaml, nor {LABEL}.")
    values = _as_text(target, rows[label])
    if (name := _held(rows, IDS)) is not None:
        return pd.DataFrame({ID: rows[name].astype("string"), LABEL: values}), 0
    entity, time = agreed.agreed.entity, agreed.agreed.time
    names = [_held(rows, (c.name, c.physical_name)) if c else None for c in (entity, time)]
    if entity is None or time is None or None in names:
        wanted = f", or {entity.name} and {time.name}" if entity and time else ""
        raise ProjectError(f"{file}: does not say whose label it is. Give the prediction's {ID}{wanted}.")
    if entity.classification in PERSONAL:
        raise ProjectError(
            f"{file}: {entity.name} is personal and not in the log in the clear. Give the prediction's {ID}."
        )
    asked = pd.DataFrame(
        {
            "entity": in_type(entity, rows[names[0]]).map(as_category).astype("string"),
            "time": pd.to_datetime(in_type(time, rows[names[1]]), utc=True).astype("datetime64[us, UTC]"),
            LABEL: values,
        }
    )
    return _nearest(asked, folder, agreed, match_hours)


def _nearest(asked: pd.DataFrame, folder: Path, agreed: Format, match_hours: float) -> tuple[pd.DataFrame, int]:
    """For each row, the prediction for its entity that is nearest in time; a prediction has one label, the nearest."""
    whole = asked.dropna(subset=["entity", "time"])
    near = timedelta(hours=match_hours)
    columns = [ID, "entity", "time"]
    predicted = agreed.schema.empty_table().select(columns)
    if len(whole):
        ends = whole["time"].min() - near, whole["time"].max() + near
        since, until = (end.to_pydatetime() for end in ends)
        found = log.batches(folder, agreed, since, until, columns)
        predicted = pa.concat_tables([predicted, *(table.select(columns) for table in found)])
    frame = predicted.to_pandas().dropna(subset=["entity"]).drop_duplicates(ID)
    frame["entity"] = frame["entity"].map(as_category).astype("string")
    frame["predicted"] = frame["time"]
    joined = pd.merge_asof(
        whole.sort_values("time", kind="stable"),
        frame.sort_values("time", kind="stable"),
        on="time",
        by="entity",
        direction="nearest",
        tolerance=pd.Timedelta(near),
    )
    joined = joined[joined[ID].notna()]
    joined = joined.iloc[
        np.argsort(-(joined["time"] - joined["predicted"]).abs().to_numpy().astype("int64"), kind="stable")
    ]
    joined = joined.drop_duplicates(ID, keep="last")
    unusable = pd.DataFrame({ID: pd.array([None] * (len(asked) - len(whole)), dtype="string"), LABEL: None})
    found_rows = pd.DataFrame({ID: joined[ID].astype("string"), LABEL: joined[LABEL]})
    return pd.concat([found_rows, unusable]), len(whole) - len(joined)


def _held(rows: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in rows.columns), None)


def _as_text(target: Column, values: pd.Series) -> pd.Series:
    typed = in_type(target, values)
    return pd.Series([None if pd.isna(value) else as_category(value) for value in typed], dtype="string")


def _is_possible(values: pd.Series, asked: Task) -> pd.Series:
    if asked.kind == "regression":
        return pd.Series(values.notna())
    return pd.Series(values.isin([as_category(label) for label in asked.classes]))


def _write(folder: Path, labels: pd.DataFrame) -> None:
    path = folder / STORE
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_name(log.UNFINISHED + path.name)
    with unfinished.open("wb") as file:
        labels.to_parquet(file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
