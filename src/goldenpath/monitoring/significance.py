"""Whether what moved may be chance. Beside an effect size this guards small samples; alone it says nothing.

With a million rows every harmless shift is significant, so nothing here ever raises an alarm by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Counts = NDArray[np.float64]


def of_numbers(distance: float, before: float, after: float) -> float:
    """The p-value of a Kolmogorov-Smirnov distance between two samples, by its limit for many rows.

    Args:
        distance: The distance; one that was taken at some edges only gives a larger, cautious p-value.
        before: Rows of the base.
        after: Rows now.
    """
    if not before or not after:
        return 1.0
    return float(special.kolmogorov(np.sqrt(before * after / (before + after)) * distance))


def of_counts(before: Counts, after: Counts) -> float:
    """The p-value of Pearson's chi-squared test that two rows of counts have the same shares.

    Args:
        before: Rows of the base in each bin, shape (bins,).
        after: Rows now, in the same bins.
    """
    used = (before + after) > 0
    if used.sum() < 2 or not before.sum() or not after.sum():
        return 1.0
    return float(stats.chi2_contingency(np.stack([before[used], after[used]]), correction=False).pvalue)


def either(values: Sequence[float]) -> float:
    """One p-value for several tests of one column (Bonferroni)."""
    return min(1.0, len(values) * min(values))


def adjusted(values: Sequence[float]) -> list[float]:
    """P-values of many columns, such that a limit on them is the share of false discoveries.

    Benjamini and Hochberg, 1995, which also holds for columns that move together in one direction.
    """
    return [float(value) for value in stats.false_discovery_control(values)] if values else []
