"""Intervals and tests that stay true however often somebody looks.

An interval of a fixed sample is right once, at an end that was fixed before. Looked at every day, and stopped when it
looks good, it errs several times as often as it says. A confidence sequence holds the true value at all looks together.

No library: the two formulas are shorter than the calls, and what PyPI has for them is unmaintained or wants a compiler.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

PRIOR_UNITS = 100.0
"""How many units the assumption weighs that the shares are nearly as planned; of the order at which one looks."""


def half_width(error: ArrayLike, alpha: float, aim: float) -> NDArray[np.float64]:
    """How far a confidence sequence reaches to either side of an estimate.

    The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit
    theory and asymptotic confidence sequences" (Annals of Statistics 52, 2024), Theorem 2.2, which is Robbins' normal
    mixture (1970) with an estimated variance. It is written in the information 1/error², so that it holds for every
    asymptotically linear estimate, such as a ratio of means or an area under a curve.

    Args:
        error: The standard error of the estimate at a look.
        alpha: How often it may miss the true value at any look, over all looks.
        aim: The half-width at which it is tightest. It is fixed before the first look: the smallest effect of interest.

    Returns:
        The half-width at that look; infinite where the error is.
    """
    variance = np.square(np.asarray(error, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = _prior(alpha, aim) * variance  # information of the mixture by that of the data
        width = np.sqrt(variance * (1 + ratio) * (np.log1p(1 / ratio) - 2 * math.log(alpha)))
    return np.where(variance == 0, 0.0, np.where(np.isinf(variance), np.inf, width))


def error_at_aim(alpha: float, aim: float) -> float:
    """The standard error at which the half-width is ``aim``."""
    peak = _peak(alpha)
    return aim / math.sqrt((1 + 1 / peak) * (math.log1p(peak) - 2 * math.log(alpha)))


def uneven_shares(counts: NDArray[np.int64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """The p-value of units that do not fall into variants by their shares, true at every look.

    The inverse of the Bayes factor between a Dirichlet prior around the shares and the shares themselves: Lindon and
    Malek, "Anytime-valid inference for multinomial count data" (NeurIPS 2022).

    Args:
        counts: Units by variant, shape (..., variants).
        shares: What part of them each variant should get, adding up to 1.

    Returns:
        A p-value for each set of counts.
    """
    prior = PRIOR_UNITS * shares
    evidence = (gammaln(prior + counts) - gammaln(prior) - counts * np.log(shares)).sum(axis=-1)
    evidence += gammaln(PRIOR_UNITS) - gammaln(PRIOR_UNITS + counts.sum(axis=-1))
    return np.asarray(np.exp(-np.maximum(evidence, 0.0)), dtype=np.float64)


def _prior(alpha: float, aim: float) -> float:
    """The information of the mixture by which the sequence is tightest where its half-width is ``aim``."""
    return 1 / (error_at_aim(alpha, aim) ** 2 * _peak(alpha))


def _peak(alpha: float) -> float:
    """Information of the data by that of the mixture where the sequence is tightest (ibid., appendix B.2)."""
    return -2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))
