"""Which rows a model has not learned from, by the rule that the split follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from goldenpath.project.contract import Contract
from goldenpath.project.params import Split


@dataclass(frozen=True)
class Learned:
    """What a model has seen of the rows before it was judged: to learn, and to choose its threshold.

    Attributes:
        newest: When the newest of them happened; None where they have no time.
        rows: The rows themselves, or the columns of them that matter; None where only their time is needed.
    """

    newest: pd.Timestamp | None = None
    rows: pd.DataFrame | None = None


def unseen(rows: pd.DataFrame, agreed: Contract, by: str, learned: Learned) -> NDArray[np.bool_]:
    """Whether a model can be judged on each row.

    Split by time, a row has to be later than all that the model has seen: the world that it learned from would else
    hold what is still to come. Split by entity, the model must not know the entity. Split at random, it must not have
    seen the row, nor one like it in every column.

    Args:
        rows: The held-out rows.
        agreed: Names time and entity.
        by: ``split.by``.
        learned: What the model has seen.

    Returns:
        Shape (rows,).
    """
    if by == "time" and agreed.time is not None and learned.newest is not None:
        return (rows[agreed.time.name] > learned.newest).to_numpy(dtype=bool)
    if learned.rows is None:
        return np.ones(len(rows), dtype=bool)
    if by == "entity" and agreed.entity is not None and agreed.entity.name in learned.rows:
        known = _names(learned.rows[agreed.entity.name]).dropna()
        return ~_names(rows[agreed.entity.name]).isin(known).to_numpy(dtype=bool)
    shared = [name for name in rows.columns if name in learned.rows]
    return ~np.isin(fingerprints(rows, shared), fingerprints(learned.rows, shared))


def newest(times: Sequence[pd.Series]) -> pd.Timestamp | None:
    """The latest of several columns of times."""
    latest = [column.max() for column in times if len(column)]
    return max(latest) if latest else None


def clusters(rows: pd.DataFrame, agreed: Contract, split: Split) -> NDArray[np.int64] | None:
    """Which rows are no evidence independent of each other: those of one entity, where the split says so.

    Returns:
        The number of each row's cluster, shape (rows,); None where rows stand for themselves.
    """
    if split.by != "entity" or agreed.entity is None:
        return None
    codes, _ = pd.factorize(_names(rows[agreed.entity.name]))
    alone = codes == -1
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    return codes.astype(np.int64)


def fingerprints(rows: pd.DataFrame, columns: Sequence[str]) -> NDArray[np.uint64]:
    """A digest of each row that does not depend on how a column's type is written down, shape (rows,)."""
    plain = pd.DataFrame({name: _plain(rows[name]) for name in columns})
    return np.asarray(pd.util.hash_pandas_object(plain, index=False), dtype=np.uint64)


def _plain(column: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return pd.Series(column.astype("string"))
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype("float64")
    return column.astype("string").fillna("").astype(object)


def _names(column: pd.Series) -> pd.Series:
    return column.astype("string")
