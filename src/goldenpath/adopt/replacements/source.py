"""Where raw data comes from: the file that ``params.yaml`` names, which DVC keeps.

Replace :func:`load` to read your own tables, or run ``goldenpath adopt DATA TARGET`` again to read another file.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from goldenpath.project import contract
from goldenpath.project.errors import ProjectError
from goldenpath.project.params import Params
from goldenpath.tables import months
from goldenpath.tables.table_io import read_table


def load(params: Params) -> pd.DataFrame:
    """Read the raw rows.

    Args:
        params: ``data`` says which file to read and how; ``data.through`` is the last month to use, where it is set.

    Returns:
        The rows and every column of the file, under the file's own column names.

    Raises:
        ProjectError: No file is named, it cannot be read as a table, or has no time to hold months back by.
    """
    if params.data.path is None:
        raise ProjectError("params.yaml: data.path names no file. Run `goldenpath adopt DATA TARGET`.")
    path = Path(params.data.path)
    if not path.exists():
        raise ProjectError(f"{path}: no such file. Run `dvc pull` to get it from the team's storage.")
    agreed = contract.load()
    timestamps = [column.physical_name for column in agreed if column.type in contract.MOMENTS]
    rows = read_table(path, params.data.separator, params.data.encoding, params.data.decimal, timestamps)
    return months.through(rows, agreed, params.data.through)
