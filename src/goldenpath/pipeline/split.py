"""Stage 3: divide the rows into train, validation and test, so that the test resembles the future."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from goldenpath.project import contract, files, params
from goldenpath.project.contract import Contract
from goldenpath.project.errors import ProjectError
from goldenpath.project.params import Split
from goldenpath.project.paths import SPLIT_REPORT, VALID, split_file

PARTS = ("train", "validation", "test")


def split() -> str:
    """Write the three parts and a report of their sizes.

    Raises:
        ProjectError: The contract lacks the column that ``split.by`` needs, or a part would be empty.
    """
    agreed, settings = contract.load(), params.load()
    rows = pd.read_parquet(VALID)
    parts = divide(rows, agreed, settings.split, stratify=settings.problem == "classification")
    for name, part in parts.items():
        split_file(name).parent.mkdir(parents=True, exist_ok=True)
        part.to_parquet(split_file(name), index=False)
    files.write_json(SPLIT_REPORT, {name: _summary(part, agreed) for name, part in parts.items()})
    return ", ".join(f"{name} {len(part):,}" for name, part in parts.items()) + f" rows, by {settings.split.by}"


def divide(rows: pd.DataFrame, agreed: Contract, settings: Split, stratify: bool) -> dict[str, pd.DataFrame]:
    """Divide rows as the parameters say.

    Args:
        rows: Validated rows.
        agreed: Names the time, the entity and the target.
        settings: How to divide and how large the parts are.
        stratify: Whether a random division keeps the classes' shares.

    Returns:
        ``train``, ``validation`` and ``test``. By time, every row of a later part is later than every row of an
        earlier one: rows of one timestamp are never torn apart.

    Raises:
        ProjectError: The column that ``split.by`` needs is not in the contract, or a part would be empty.
    """
    if settings.by == "time":
        labels = _by_time(_role_values(rows, agreed, "time"), settings)
    elif settings.by == "entity":
        labels = _by_entity(_role_values(rows, agreed, "entity"), settings)
    else:
        labels = _at_random(rows[agreed.target.name] if stratify else None, len(rows), settings)
    parts = {name: rows[labels == name].reset_index(drop=True) for name in PARTS}
    empty = [name for name, part in parts.items() if part.empty]
    if empty:
        raise ProjectError(
            f"split leaves no rows for {', '.join(empty)}: {len(rows):,} rows by {settings.by}. "
            "Give more rows or change split in params.yaml."
        )
    return parts


def _role_values(rows: pd.DataFrame, agreed: Contract, role: Any) -> pd.Series:
    holders = agreed.having(role)
    if not holders:
        raise ProjectError(f"params.yaml: split.by is {role}, but no column of contract.yaml has the role {role}.")
    return rows[holders[0].name]


def _by_time(times: pd.Series, settings: Split) -> np.ndarray[Any, Any]:
    if times.isna().any():
        raise ProjectError(f"column {times.name!r} splits by time but has missing values; make it required.")
    ordered = times.sort_values(ignore_index=True)
    last = len(ordered) - 1
    test_from = ordered[min(last, round(len(ordered) * (1 - settings.test)))]
    validation_from = ordered[min(last, round(len(ordered) * (1 - settings.test - settings.validation)))]
    return np.select([times >= test_from, times >= validation_from], ["test", "validation"], "train")


def _by_entity(entities: pd.Series, settings: Split) -> np.ndarray[Any, Any]:
    from sklearn.model_selection import GroupShuffleSplit  # a division by time does not wait for scikit-learn

    # Rows without an entity cannot be told to belong together: each is an entity of its own.
    names = entities.astype("string")
    names = names.fillna("row " + names.index.to_series().astype("string"))
    labels = np.full(len(names), "train", dtype=object)
    rest = np.arange(len(names))
    for part, size in (("test", settings.test), ("validation", settings.validation / (1 - settings.test))):
        splitter = GroupShuffleSplit(n_splits=1, test_size=size, random_state=settings.seed)
        kept, taken = next(splitter.split(rest, groups=names.iloc[rest]))
        labels[rest[taken]] = part
        rest = rest[kept]
    return labels


def _at_random(classes: pd.Series | None, rows: int, settings: Split) -> np.ndarray[Any, Any]:
    from sklearn.model_selection import train_test_split

    labels = np.full(rows, "train", dtype=object)
    rest = np.arange(rows)
    for part, size in (("test", settings.test), ("validation", settings.validation / (1 - settings.test))):
        strata = None if classes is None else _stratifiable(classes.iloc[rest], size)
        rest, taken = train_test_split(rest, test_size=size, random_state=settings.seed, stratify=strata)
        labels[taken] = part
    return labels


def _stratifiable(classes: pd.Series, size: float) -> np.ndarray[Any, Any] | None:
    """The classes to stratify by, the rare ones as one; None where even those are too few."""
    counts = classes.map(classes.value_counts())
    strata = classes.astype("string").where(counts >= np.ceil(1 / size), "rare").to_numpy(dtype=object)
    return strata if pd.Series(strata).value_counts().min() >= np.ceil(1 / size) else None


def _summary(part: pd.DataFrame, agreed: Contract) -> dict[str, Any]:
    summary: dict[str, Any] = {"rows": len(part)}
    if agreed.time is not None:
        times = part[agreed.time.name]
        summary |= {"from": str(times.min()), "to": str(times.max())}
    target = part[agreed.target.name]
    if agreed.target.type in ("integer", "number", "boolean") and not agreed.target.enum:
        summary["target_mean"] = float(f"{target.astype('float64').mean():.6g}")
    else:
        summary["target_shares"] = {str(k): round(float(v), 6) for k, v in target.value_counts(normalize=True).items()}
    return summary
