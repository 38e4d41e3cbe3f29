"""Dev rows for sets that were published without any."""

from __future__ import annotations

import numpy as np

from edgewise_cloud.catalogue import Examples

CARVED_SHARE, CARVED_MOST = 20, 500


def carve_dev(
    train_rows: Examples, dev_rows: Examples, part: int = CARVED_SHARE, most: int = CARVED_MOST
) -> tuple[Examples, Examples]:
    """Give sets without a dev split one: by default a twentieth of their training rows, 500 at most.

    Args:
        train_rows: Training rows of all sets.
        dev_rows: Published dev rows.
        part: One training row in so many is taken.
        most: At most so many of a set.

    Returns:
        The training rows that are left, and all dev rows. Which rows are taken depends only on how many a set
        has.
    """
    published = set(dev_rows.datasets)
    names = np.array(train_rows.datasets)
    taken: list[int] = []
    for name in sorted(set(train_rows.datasets) - published):
        rows = np.flatnonzero(names == name)
        size = min(len(rows) // part, most)
        taken.extend(int(row) for row in np.random.default_rng(len(rows)).permutation(rows)[:size])
    mask = np.zeros(len(train_rows), bool)
    mask[taken] = True
    carved = train_rows.take(np.flatnonzero(mask))
    return train_rows.take(np.flatnonzero(~mask)), Examples.concat([dev_rows, carved])
