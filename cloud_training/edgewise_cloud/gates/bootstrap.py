"""Stratified bootstrap: how far a figure would move on other texts of the same kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Statistic = Callable[[Floats], Floats]
"""From weights of the units [b, units] to the figure of each model [b, models]; NaN where it has none."""

RESAMPLES = 1000
"""How often units are drawn again by default."""

_CELLS = 4_000_000
"""Most weights that are held at one time."""


@dataclass(frozen=True, slots=True)
class Units:
    """What is drawn with replacement: rows, pairs, templates, or rows that look alike counted together.

    Attributes:
        counts: How many there are of each unit [units], at least 1.
        strata: The stratum of each unit [units]; each stratum keeps its size in every draw.
        statistic: The figures of the models, from weights of the units.
    """

    counts: Ints
    strata: Ints
    statistic: Statistic

    def figures(self) -> Floats:
        """Return the figure of each model [models] on the units as they are."""
        return np.asarray(self.statistic(self.counts[None, :].astype(np.float64))[0])

    def resampled(self, generator: np.random.Generator, resamples: int = RESAMPLES) -> Floats:
        """Return the figures of the models [resamples, models] on units drawn again.

        Efron: Bootstrap Methods: Another Look at the Jackknife, Annals of Statistics 1979; drawn within
        strata, so that each keeps its size. Models share each draw, so their figures can be subtracted.
        """
        step = max(1, _CELLS // max(1, self.counts.size))
        parts = [
            self.statistic(_draw(self.counts, self.strata, min(step, resamples - start), generator))
            for start in range(0, resamples, step)
        ]
        return np.concatenate(parts)


def _draw(counts: Ints, strata: Ints, times: int, generator: np.random.Generator) -> Floats:
    """Return how often each unit was drawn [times, units]."""
    out = np.zeros((times, counts.size))
    for stratum in np.unique(strata):
        units = np.flatnonzero(strata == stratum)
        own = counts[units]
        total = int(own.sum())
        if total == units.size:
            # Units of their own: counting drawn indexes is faster than a multinomial with as many outcomes.
            drawn = generator.integers(0, units.size, size=(times, total))
            drawn += np.arange(times)[:, None] * units.size
            out[:, units] = np.bincount(drawn.ravel(), minlength=times * units.size).reshape(times, -1)
        else:
            out[:, units] = generator.multinomial(total, own / total, size=times)
    return out


def interval(figure: float, resampled: Floats, confidence: float) -> tuple[float, float]:
    """Return the percentile interval of a figure, widened where need be so that the figure lies in it.

    Args:
        figure: As measured.
        resampled: On units drawn again [resamples]; NaN is left out.
        confidence: Share of other samples that it should cover, 0 to 1.

    >>> interval(0.5, np.linspace(0.0, 1.0, 101), 0.9)
    (0.05, 0.95)
    """
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
