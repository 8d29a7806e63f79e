"""What a column holds, counted: the facts that every guess is made from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from goldenpath.tables.type_inference import whole_numbers

Kind = Literal["empty", "boolean", "integer", "number", "text", "timestamp"]

KEPT_VALUES = 1000
BOOLEAN_WORDS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})
_SAMPLE = 2000


@dataclass(frozen=True)
class Profile:
    """The facts about one column.

    Attributes:
        name: The column's name in the file.
        kind: What its values are; ``boolean`` includes pairs of words such as yes and no.
        rows: Rows of the table.
        present: Rows with a value.
        distinct: Number of different values.
        rarest: Rows of the rarest value.
        values: The different values with their rows, most frequent first; empty beyond :data:`KEPT_VALUES`.
        minimum: Smallest number or timestamp, None for words.
        maximum: Largest number or timestamp, None for words.
        whole: Whether all numbers are whole, even where they are stored as fractions (1.0, 2.0).
        counts_rows: Whether whole numbers go up by one from row to row.
        midnight: Whether all timestamps are midnight, so that they are days.
        longest: Length of the longest text.
        words: Average number of words of a text.
        sample: Some different values, for looking at their shape.
        typical: A value in the middle, or the most frequent one; None when there is none.
        digest: Equal for columns of equal content.
    """

    name: str
    kind: Kind
    rows: int
    present: int
    distinct: int
    rarest: int
    values: tuple[tuple[Any, int], ...]
    minimum: Any
    maximum: Any
    whole: bool
    counts_rows: bool
    midnight: bool
    longest: int
    words: float
    sample: tuple[Any, ...]
    typical: Any
    digest: str

    @property
    def missing_share(self) -> float:
        """Share of rows without a value."""
        return 1 - self.present / self.rows

    @property
    def rows_per_value(self) -> float:
        """Average number of rows that share a value."""
        return self.present / max(self.distinct, 1)


def profile(values: pd.Series) -> Profile:
    """Count what one column holds."""
    present = values.dropna()
    counts = present.value_counts()
    kind = _kind(present, counts)
    numeric = kind in ("integer", "number")
    ordered = numeric or kind == "timestamp"
    lengths = counts.index.astype("str").str.len() if kind == "text" else None
    sample = counts.index[:_SAMPLE].tolist()
    return Profile(
        name=str(values.name),
        kind=kind,
        rows=len(values),
        present=len(present),
        distinct=len(counts),
        rarest=int(counts.min()) if len(counts) else 0,
        values=tuple(zip(counts.index.tolist(), counts.tolist(), strict=True)) if len(counts) <= KEPT_VALUES else (),
        minimum=present.min() if ordered else None,
        maximum=present.max() if ordered else None,
        whole=numeric and whole_numbers(present),
        counts_rows=kind == "integer" and len(present) == len(values) and bool((present.diff()[1:] == 1).all()),
        midnight=kind == "timestamp" and bool((present == present.dt.normalize()).all()),
        longest=int(lengths.max()) if lengths is not None else 0,
        words=float(np.mean([len(str(value).split()) for value in sample])) if kind == "text" else 0.0,
        sample=tuple(sample),
        typical=present.quantile(0.5, interpolation="nearest") if ordered else next(iter(sample), None),
        digest=_digest(values, kind),
    )


def _kind(present: pd.Series, counts: pd.Series) -> Kind:
    if present.empty:
        return "empty"
    if pd.api.types.is_bool_dtype(present):
        return "boolean"
    if pd.api.types.is_integer_dtype(present):
        return "integer"
    if pd.api.types.is_numeric_dtype(present):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(present):
        return "timestamp"
    words = {str(value).lower() for value in counts.index[:5]}
    return "boolean" if len(counts) <= 4 and words in BOOLEAN_WORDS else "text"


def _digest(values: pd.Series, kind: Kind) -> str:
    if kind in ("integer", "number"):
        values = values.astype("float64")  # so that 1 and 1.0 are equal
    content = pd.util.hash_pandas_object(values, index=False).to_numpy()
    return hashlib.blake2b(content.tobytes(), digest_size=16).hexdigest()
