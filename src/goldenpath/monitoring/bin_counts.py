"""Counting rows into the bins of a reference, a batch at a time: memory does not grow with the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from goldenpath.evaluation.column_values import as_numbers, category_counts
from goldenpath.project.errors import ProjectError

MOST_STRANGE = 10_000
"""Names of unknown categories that are kept; a column of free text would else fill the memory with them."""


class Binned(Protocol):
    """Where a column's bins are: of the two, the one that fits its kind."""

    @property
    def edges(self) -> NDArray[np.float32] | None:
        """Upper ends of all bins of numbers but the last; None for categories."""
        ...

    @property
    def known(self) -> Iterable[str]:
        """Categories with a bin of their own."""
        ...


@dataclass
class Tally:
    """What was counted of one column.

    Attributes:
        where: Its bins.
        missing: Rows without a value.
        counts: Rows in each bin of numbers, shape (edges + 1,).
        minimum: The least number; infinity where there is none.
        maximum: The largest number.
        categories: Rows of each known category.
        strange: Rows of categories that have no bin, by name.
        other: Rows of such categories beyond those that ``strange`` has room for.
    """

    where: Binned
    missing: int = 0
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    minimum: float = np.inf
    maximum: float = -np.inf
    categories: dict[str, int] = field(default_factory=dict)
    strange: dict[str, int] = field(default_factory=dict)
    other: int = 0

    def __post_init__(self) -> None:
        """Make room for the bins."""
        if self.where.edges is not None:
            self.counts = np.zeros(len(self.where.edges) + 1, dtype=np.int64)
        self.categories = dict.fromkeys(self.where.known, 0)

    @property
    def rows(self) -> int:
        """Rows that were counted, missing values among them."""
        return self.missing + int(self.counts.sum()) + sum(self.categories.values()) + self.unknown

    @property
    def unknown(self) -> int:
        """Rows of categories that have no bin."""
        return sum(self.strange.values()) + self.other

    def add(self, column: Any) -> None:
        """Count the values of an Arrow array."""
        if self.where.edges is None:
            self._add_categories(column)
        else:
            self._add_numbers(as_numbers(column), self.where.edges)

    def _add_numbers(self, values: NDArray[np.float32], edges: NDArray[np.float32]) -> None:
        # Sorting once and looking the few edges up costs a fraction of looking every value up among the edges.
        ordered = np.sort(values)  # NaN last
        present = len(ordered) - int(np.isnan(ordered).sum())
        self.missing += len(ordered) - present
        if not present:
            return
        ordered = ordered[:present]
        # A value on an edge belongs below it, as in drift.of_numbers.
        below = np.searchsorted(ordered, edges, side="right")
        self.counts += np.diff(below, prepend=0, append=present)
        self.minimum, self.maximum = min(self.minimum, float(ordered[0])), max(self.maximum, float(ordered[-1]))

    def _add_categories(self, column: Any) -> None:
        found, missing = category_counts(column)
        self.missing += missing
        for name, times in found.items():
            if name in self.categories:
                self.categories[name] += times
            elif name in self.strange or len(self.strange) < MOST_STRANGE:
                self.strange[name] = self.strange.get(name, 0) + times
            else:
                self.other += times


def count(where: Mapping[str, Binned], tables: Iterable[pa.Table]) -> dict[str, Tally]:
    """Count columns of many tables.

    Args:
        where: The bins, by the column's name; a column that a table lacks is not counted there.
        tables: The rows.

    Returns:
        By column, those that at least one table had.

    Raises:
        ProjectError: A column of numbers holds something else.
    """
    found: dict[str, Tally] = {}
    for table in tables:
        for name in table.column_names:
            if name in where:
                try:
                    found.setdefault(name, Tally(where[name])).add(table[name])
                except ValueError as error:
                    raise ProjectError(
                        f"The column {name} holds {error}; the model takes it as a number. Fix the column in the "
                        "file, or leave it out: then it is not compared."
                    ) from error
    return found
