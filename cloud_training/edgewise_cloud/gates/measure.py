"""What a metric makes of rows: units to draw again, and who was right on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise_cloud.gates.bootstrap import Ints, Tallied, Units
from edgewise_cloud.predictions import TaskPredictions


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of one or two models on the same rows.

    Attributes:
        units: What is drawn again.
        rows: Rows that counted.
        right: Whether each model was right on a unit [units, models]; None where nobody decides anything.
        exact: Whether the figure is the share of `right`, so that McNemar's test is a test of it.
    """

    units: Units | Tallied
    rows: int
    right: NDArray[np.bool_] | None = None
    exact: bool = False

    def alone(self) -> tuple[int, int] | None:
        """Return how many units the first model alone got right, and the second alone; None if it is moot."""
        if self.right is None or self.right.shape[1] < 2:
            return None
        first, second = self.right[:, 0], self.right[:, 1]
        counts = self.units.counts
        return int(counts[first & ~second].sum()), int(counts[second & ~first].sum())


def codes(*columns: NDArray[Any]) -> Ints:
    """Return one number [n] for each combination of values that occurs in columns [n]."""
    out = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        _, own = np.unique(column, return_inverse=True)
        _, out = np.unique(out * (int(own.max(initial=0)) + 1) + own, return_inverse=True)
    return out.astype(np.int64)


def named(values: Iterable[Any], n: int) -> Ints:
    """Return one number [n] for each value that occurs among n objects, in the order of appearance."""
    seen: dict[Any, int] = {}
    return np.fromiter((seen.setdefault(value, len(seen)) for value in values), dtype=np.int64, count=n)


def place_of(part: TaskPredictions) -> Ints:
    """Return one number [n] for each set and language."""
    return named(zip(part.datasets, part.langs, strict=True), len(part))
