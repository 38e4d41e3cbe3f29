"""Stratified bootstrap: how far a figure would move on other texts of the same kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

_BATCH = 100
"""Draws whose tables are held at one time."""


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


Tables = Callable[[Sequence[Floats]], Floats]
"""From counts of the kinds of rows [b, kinds], one array a table, to the figure of each model [b, models]."""


@dataclass(frozen=True, slots=True)
class Tallied:
    """Rows that differ in almost every score, counted in fine tables after each draw.

    Attributes:
        exact: The figure of each model on the rows as they are [models].
        kinds: What kind each row is of, table by table: whole numbers [tables, n].
        sizes: Number of kinds of each table.
        strata: The stratum of each row [n]; each stratum keeps its size in every draw.
        statistic: The figures of the models, from the tables.
    """

    exact: Floats
    kinds: Sequence[Ints]
    sizes: Sequence[int]
    strata: Ints
    statistic: Tables

    @property
    def counts(self) -> Ints:
        """How many there are of each unit [n]: each row is one."""
        return np.ones(self.strata.size, dtype=np.int64)

    def figures(self) -> Floats:
        """Return the figure of each model [models] on the rows as they are."""
        return self.exact

    def resampled(self, generator: np.random.Generator, resamples: int = RESAMPLES) -> Floats:
        """Return the figures of the models [resamples, models] on rows drawn again; see `Units`.

        What the tables round away is put back: their figure is moved by how far it is off on all rows.
        """
        order = np.argsort(self.strata, kind="stable")
        kinds = [own[order].astype(np.int32) for own in self.kinds]
        _, starts, sizes = np.unique(self.strata[order], return_index=True, return_counts=True)
        start, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
        whole = [np.bincount(own, minlength=n)[None, :] for own, n in zip(kinds, self.sizes, strict=True)]
        offset = self.exact - self.statistic([table.astype(np.float64) for table in whole])[0]
        out = []
        for begin in range(0, resamples, _BATCH):
            tables = [np.zeros((min(_BATCH, resamples - begin), n)) for n in self.sizes]
            for i in range(len(tables[0])):
                rows = start + (generator.random(size.size) * size).astype(np.int64)
                for table, own in zip(tables, kinds, strict=True):
                    table[i] = np.bincount(own[rows], minlength=table.shape[1])
            out.append(self.statistic(tables) + offset)
        return np.concatenate(out)
