"""Two distributions of a column as bars beside each other: the reference and the rows now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goldenpath.monitoring.bin_counts import Tally
from goldenpath.pipeline.reference import Categories, Numbers

DRAWN_CATEGORIES = 8


@dataclass(frozen=True)
class Picture:
    """The two distributions, as bars beside each other.

    Attributes:
        places: Middles of the bins of a number; empty for categories.
        names: The categories; empty for numbers.
        before: Share of the reference's rows in each.
        after: Share of the rows now.
    """

    places: tuple[float, ...]
    names: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]


def of_numbers(column: Numbers, tally: Tally) -> Picture:
    """Shares of rows in the bins of a number, the reference beside now; empty where the reference has no number."""
    if not column.edges.size:
        return Picture((), (), (), ())
    if column.has_few_values:
        places = column.edges[1:].astype(float)
        # What lies outside all that training saw is drawn with the least and the largest value.
        starts = [0, *range(2, len(column.edges))]
    else:
        starts = [0, *(place + 1 for place in column.grid)]
        ends = column.edges[list(column.grid)].astype(float)
        half = (ends[1] - ends[0]) / 2 if len(ends) > 1 else 0.5
        places = np.append(ends - half, ends[-1] + half)
    drawn = [np.add.reduceat(counts, starts).astype(float) for counts in (column.counts, tally.counts)]
    return Picture(tuple(places.tolist()), (), *(_shares(counts) for counts in drawn))


def of_categories(column: Categories, tally: Tally) -> Picture:
    """The categories that moved most, and all others as one."""
    rows = max(1, column.rows), max(1, tally.rows)
    both = {
        **{name: (column.values[name] / rows[0], tally.categories[name] / rows[1]) for name in column.known},
        **{name: (0.0, times / rows[1]) for name, times in tally.strange.items()},
    }
    chosen = sorted(both, key=lambda name: (-abs(both[name][1] - both[name][0]), name))[:DRAWN_CATEGORIES]
    chosen.sort(key=lambda name: (-both[name][0], name))
    drawn = [(name, *both[name]) for name in chosen]
    lost = column.missing / rows[0], tally.missing / rows[1]
    if len(both) > len(chosen) or column.rest:
        then, now = (1 - gone - sum(both[name][side] for name in chosen) for side, gone in enumerate(lost))
        drawn.append(("(others)", max(0.0, then), max(0.0, now)))
    if any(lost):
        drawn.append(("(missing)", *lost))
    names, before, after = ([item[place] for item in drawn] for place in range(3))
    return Picture((), tuple(map(str, names)), tuple(map(float, before)), tuple(map(float, after)))


def _shares(counts: NDArray[np.float64]) -> tuple[float, ...]:
    total = counts.sum()
    return tuple((counts / total if total else counts).tolist())
