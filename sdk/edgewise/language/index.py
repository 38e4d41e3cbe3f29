"""Find many hashes among sorted keys with a few array operations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BITS = 20


class KeyIndex:
    """Sorted keys with the place where each run of equal top bits starts: one look instead of twenty."""

    def __init__(self, keys: NDArray[np.uint32]) -> None:
        """Index sorted keys without repeats."""
        self._shift = np.uint32(32 - _BITS)
        tops = (keys >> self._shift).astype(np.int64)
        counts = np.bincount(tops, minlength=1 << _BITS)
        self._starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
        self._longest = int(counts.max(initial=0))
        self._keys = keys

    def find(self, hashes: NDArray[np.uint32]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """Return which hashes are keys (their places, rising), and the place of each among the keys."""
        top = hashes >> self._shift
        first, last = self._starts[top], self._starts[top + np.uint32(1)]
        left = np.flatnonzero(first < last)
        wanted, place, last = hashes[left], first[left], last[left]
        answer = np.full(len(hashes), -1, np.int32)
        for _ in range(self._longest):
            same = self._keys[place] == wanted
            answer[left[same]] = place[same]
            place = place + 1
            open_ = ~same & (place < last)
            if not open_.any():
                break
            left, wanted, place, last = left[open_], wanted[open_], place[open_], last[open_]
        hits = np.flatnonzero(answer >= 0)
        return hits, answer[hits]
