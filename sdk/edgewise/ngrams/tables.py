"""Tables of the Basic Multilingual Plane as runs: most of a table is long stretches that are alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.language.features import LETTERS, SPACE

_NOTHING = 0x8000  # a distance that no letter has to its lower case


def to_runs(table: NDArray[np.uint32]) -> NDArray[np.uint16]:
    """Return a table as runs.

    Args:
        table: [65536], what each UTF-16 unit counts as, a space for nothing.

    Returns:
        [2, runs]: the first unit of each run, and what is added to each of its units.
    """
    units = np.arange(LETTERS)
    distance = (table.astype(np.int64) - units) % LETTERS
    distance[(table == SPACE) & (units != SPACE)] = _NOTHING
    starts = np.flatnonzero(np.diff(distance, prepend=-1))
    return np.stack((starts, distance[starts])).astype(np.uint16)


def from_runs(runs: NDArray[Any]) -> NDArray[np.uint32]:
    """Return the table that `to_runs` was given.

    Raises:
        ValueError: It is of another form.
    """
    if runs.ndim != 2 or runs.shape[0] != 2 or not runs.shape[1] or runs[0, 0] != 0:
        raise ValueError("a table of letters is not made of runs")
    starts = runs[0].astype(np.int64)
    sizes = np.diff(starts, append=LETTERS)
    if sizes.min() < 1:
        raise ValueError("the runs of a table of letters do not rise")
    distance = runs[1].astype(np.uint32).repeat(sizes)
    table: NDArray[np.uint32] = (np.arange(LETTERS, dtype=np.uint32) + distance) & np.uint32(LETTERS - 1)
    table[distance == _NOTHING] = SPACE
    table.flags.writeable = False
    return table
