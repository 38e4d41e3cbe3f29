"""From figures on units drawn again to an interval, and to a p-value."""

from __future__ import annotations

import math

import numpy as np

from edgewise_cloud.gates.bootstrap import Floats


def interval(figure: float, resampled: Floats, confidence: float, units: int = 0) -> tuple[float, float]:
    """Return the percentile interval of a figure, widened where need be so that the figure lies in it.

    A share of none or of all stays so however often units are drawn again; its interval is then the exact one
    of Clopper and Pearson, Biometrika 1934.

    Args:
        figure: As measured.
        resampled: On units drawn again [resamples]; NaN is left out.
        confidence: Share of other samples that it should cover, 0 to 1.
        units: Where the figure is a share of units, their number.

    >>> low, high = interval(0.5, np.linspace(0.0, 1.0, 101), 0.9)
    >>> round(low, 3), round(high, 3)
    (0.05, 0.95)
    >>> round(interval(0.0, np.zeros(9), 0.95, 100)[1], 3), round(interval(1.0, np.ones(9), 0.95, 100)[0], 3)
    (0.036, 0.964)
    """
    if units and figure in (0.0, 1.0):
        far = float(1 - ((1 - confidence) / 2) ** (1 / units))
        return (0.0, far) if figure == 0.0 else (1.0 - far, 1.0)
    found = resampled[np.isfinite(resampled)]
    if not found.size:
        return figure, figure
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(min(low, figure)), float(max(high, figure))


def difference_p(difference: float, resampled: Floats) -> float:
    """Return the two-sided p-value of a difference by its bootstrap standard error and the normal curve.

    A count of resamples beyond 0 could not go below 1 in their number, too coarse for Holm's correction.

    Args:
        difference: As measured.
        resampled: On units drawn again [resamples]; NaN is left out.
    """
    found = resampled[np.isfinite(resampled)]
    error = float(found.std()) if found.size else 0.0
    if error == 0.0:
        return 1.0 if difference == 0 or not found.size else 0.0
    return math.erfc(abs(difference) / error / math.sqrt(2))
