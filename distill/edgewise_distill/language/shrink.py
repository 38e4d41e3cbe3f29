"""Fewer features and coarser weights, as many as so many bytes hold in the packed layout.

All constants were found on dev texts, for a file of about 1.5 MB.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgewise.language.features import COLUMNS
from edgewise.language.packed import MOST_LEVEL
from edgewise.language.table import bucket_bits
from edgewise_distill.language.counting import Counts
from edgewise_distill.language.packing import MOST_ROWS, same_rows
from edgewise_distill.language.weights import Weights

LEVEL = 0.7
"""Weights of a packed model are multiples of this, up to `MOST_LEVEL` times it."""

_LEAST_MOVED = 6e-5  # of an entry; one that moves the answer less is worth no room
_DEAR = 0.3  # how far the bytes of a feature count against it: 0 not at all, 1 in full
_FEATURE, _ENTRY = 5.0, 1.5  # bytes
_SLOT, _FULL = 4, 0.88  # bytes, and the share of the slots in use at least
_OTHERS = 14_000  # bytes of the letters and of the file's header


def shrink(weights: Weights, counts: Counts, most_bytes: int, trust: NDArray[np.float64]) -> Weights:
    """Keep what tells most for its bytes.

    An entry tells as much as it moves the answer on average: its weight, times how often its language shows
    the feature, times the trust in its column. Entries that tell next to nothing go first; then features, by
    what their classes tell in all against the bytes that they take.

    Args:
        weights: Of a model.
        counts: They come from; may know more features.
        most_bytes: Size of the packed file.
        trust: [COLUMNS], factor of each column.

    Returns:
        Weights that are multiples of `LEVEL`.

    Raises:
        ValueError: not even one feature fits.
    """
    feature = np.repeat(np.arange(len(weights.keys)), weights.sizes)
    moved, bare = _moved(weights, counts, trust, feature)
    level = np.clip(np.rint(weights.delta / LEVEL), 0, MOST_LEVEL).astype(np.uint8)
    on = (level > 0) & (bare > _LEAST_MOVED)
    sizes = np.bincount(feature[on], minlength=len(weights.keys))
    row = same_rows(sizes, weights.language[on], level[on])
    room_taken = _FEATURE + _ENTRY * np.where(sizes > 1, sizes, 0)
    score = np.bincount(feature, moved, len(weights.keys)) / room_taken**_DEAR
    ranked = np.argsort(-np.where(sizes > 0, score, -np.inf), kind="stable")[: int((sizes > 0).sum())]
    room = most_bytes - _OTHERS - 4 * weights.base.shape[1] * (COLUMNS + 1)
    kept = np.zeros(len(weights.keys), bool)
    kept[ranked[: _how_many(ranked, row, sizes, room)]] = True
    entries = np.flatnonzero(on)[kept[feature[on]]]
    return replace(
        weights,
        keys=weights.keys[kept],
        order=weights.order[kept],
        sizes=sizes[kept],
        language=weights.language[entries],
        delta=(level[entries] * np.float32(LEVEL)).astype(np.float32),
    )


def _moved(
    weights: Weights, counts: Counts, trust: NDArray[np.float64], feature: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return [entries] how far each moves the answer, and how far beyond what `base` says anyway."""
    mine = np.repeat(np.isin(counts.keys, weights.keys), counts.sizes)
    column = weights.order[feature]
    rate = counts.count[mine] / np.maximum(counts.totals[column, weights.language], 1.0) * trust[column]
    return rate * (weights.delta + weights.base[column, weights.language]), rate * weights.delta


def _how_many(ranked: NDArray[np.int64], row: NDArray[np.int64], sizes: NDArray[np.int64], room: int) -> int:
    """Return how many of the first features take no more bytes than there are."""
    low, high = 0, len(ranked) + 1
    while high - low > 1:
        middle = (low + high) // 2
        rows, first = np.unique(row[ranked[:middle]], return_index=True)
        entries = int(sizes[ranked[first]].sum())
        table = _SLOT * middle / _FULL + 2 * (1 << bucket_bits(middle))
        if table + len(rows) + _ENTRY * entries <= room and len(rows) <= MOST_ROWS:
            low = middle
        else:
            high = middle
    if not low:
        raise ValueError("not even one feature finds room")
    return low
