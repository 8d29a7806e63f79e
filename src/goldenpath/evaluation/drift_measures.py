"""How far the values of a column moved, as an effect size: the same for a thousand rows and for a million.

P-values are not used: with this many rows they call every harmless shift significant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

BINS = 10
"""Bins of a numeric column, of equally many values of the base, as is usual for the index."""
MODERATE, LARGE = 0.1, 0.25
"""Limits of the population stability index by the rule of thumb of N. Siddiqi, "Credit Risk Scorecards", Wiley 2006."""
PSEUDO_COUNT = 0.5
"""Added to each bin, so that an empty one has a logarithm (H. Jeffreys, 1946)."""
MOST_CATEGORIES = 20
"""Categories with a bin of their own, the most frequent of the base; the others share one. With more bins the index
would grow by chance: by about the number of bins divided by the rows of the smaller table."""

Size = Literal["none", "moderate", "large"]


@dataclass(frozen=True)
class Drift:
    """How far one column moved.

    Attributes:
        psi: Population stability index over bins, missing values being one: the sum of ``(q - p) ln(q / p)``; 0 where
            nothing moved.
        total_variation: Half the sum of ``|q - p|``: the share of rows that would have to change for the two to be
            the same, from 0 to 1.
        missing_before: Share of missing values in the base.
        missing_after: Share of missing values now.
    """

    psi: float
    total_variation: float
    missing_before: float
    missing_after: float


def size(psi: float) -> Size:
    """A population stability index in words: ``none`` below 0.1, ``large`` above 0.25, ``moderate`` between."""
    return "large" if psi > LARGE else "moderate" if psi >= MODERATE else "none"


def of_numbers(before: NDArray[np.float64], after: NDArray[np.float64]) -> Drift:
    """The drift of quantities.

    Args:
        before: Values of the base; NaN where missing. At least one value, missing or not.
        after: Values now, alike.
    """
    present = before[~np.isnan(before)]
    inner = np.unique(np.quantile(present, np.linspace(0, 1, BINS + 1)[1:-1])) if present.size else np.empty(0)
    return between(*(_binned(values, inner) for values in (before, after)))


def of_categories(before: pd.Series, after: pd.Series) -> Drift:
    """The drift of categories.

    Args:
        before: Values of the base, as text. At least one value, missing or not.
        after: Values now, alike.
    """
    counts = [values.value_counts() for values in (before, after)]
    names = counts[0].index[:MOST_CATEGORIES]
    binned = []
    for values, found in zip((before, after), counts, strict=True):
        named = found.reindex(names, fill_value=0).to_numpy(dtype=np.float64)
        binned.append(np.array([*named, found.sum() - named.sum(), values.isna().sum()], dtype=np.float64))
    return between(*binned)


def kolmogorov_smirnov(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    """The largest difference between two cumulative distributions, seen at the bins' edges only.

    Args:
        before: Rows of the base in each bin, in the order of the values, shape (bins,).
        after: Rows now, in the same bins.

    Returns:
        From 0 to 1, at most the true distance, and less by no more than the largest share in one bin; 0 where either
        has no rows.
    """
    if not before.sum() or not after.sum():
        return 0.0
    steps = [np.cumsum(counts) / counts.sum() for counts in (before, after)]
    return float(np.abs(steps[1] - steps[0]).max())


def _binned(values: NDArray[np.float64], inner: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts of the bins between the inner edges, and of what is missing, which comes last."""
    missing = np.isnan(values)
    # A value on an edge belongs below it, so that a column with one frequent value keeps that value in one bin.
    counts = np.bincount(np.searchsorted(inner, values[~missing], side="left"), minlength=len(inner) + 1)
    return np.append(counts, missing.sum()).astype(float)


def between(before: NDArray[np.float64], after: NDArray[np.float64]) -> Drift:
    """The drift of values that were counted already.

    Args:
        before: Rows of the base in each bin, those that miss a value last, shape (bins,).
        after: Rows now, in the same bins.
    """
    used = (before + after) > 0
    p, q = (_shares(counts[used] + PSEUDO_COUNT) for counts in (before, after))
    exact = [counts / counts.sum() for counts in (before, after)]
    return Drift(
        psi=float(np.sum((q - p) * np.log(q / p))),
        total_variation=float(np.abs(exact[1] - exact[0]).sum() / 2),
        missing_before=float(exact[0][-1]),
        missing_after=float(exact[1][-1]),
    )


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = counts / counts.sum()
    return found
