"""Stage 1: read the raw rows from the source and keep them as they are."""

from __future__ import annotations

import pandas as pd

from goldenpath.project import params, team
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import RAW


def ingest() -> str:
    """Write every row and column of the source to :data:`paths.RAW`.

    Raises:
        ProjectError: The source has no rows.
    """
    raw = team.load_rows(params.load())
    if raw.empty:
        raise ProjectError("The source has no rows. Look at data.through and data.path in params.yaml.")
    RAW.parent.mkdir(parents=True, exist_ok=True)
    storable(raw).to_parquet(RAW, index=False)
    return f"{len(raw):,} rows, {raw.shape[1]} columns"


def storable(raw: pd.DataFrame) -> pd.DataFrame:
    """The same table with columns of mixed types as text, which is the only type that holds them all."""
    mixed = [name for name, column in raw.items() if pd.api.types.infer_dtype(column, skipna=True).startswith("mixed")]
    return raw.astype(dict.fromkeys(mixed, "string"))
