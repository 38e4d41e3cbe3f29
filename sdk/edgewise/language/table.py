"""The table of features: which hashes are known, and where what they say is kept."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LAYOUT = 2
"""Number of the layout of a language model's arrays that this code reads."""

SIZE_BITS = 4
"""Low bits of a sparse feature's `where` that say how many entries it has."""

SLACK = 1 << SIZE_BITS
"""Unused entries at the end, so that no feature reaches beyond them, whatever its bits say."""

_LEAST_BITS = 1


def bucket_bits(keys: int) -> int:
    """Return how many first bits of a hash number its bucket: two to four keys come to a bucket.

    >>> bucket_bits(700_000), bucket_bits(1)
    (18, 1)
    """
    return max(_LEAST_BITS, keys.bit_length() - 2)


def slots_of(hashes: NDArray[np.uint32], multipliers: NDArray[np.uint16], slots: int) -> NDArray[np.uint32]:
    """Return the one slot where each hash is, if it is a key.

    Args:
        hashes: Any hashes.
        multipliers: Of each bucket, 2**k of them; the first bits of a hash are the number of its bucket.
        slots: Number of slots.
    """
    bucket = hashes >> np.uint32(33 - len(multipliers).bit_length())
    found = hashes * multipliers.take(bucket)
    found %= np.uint32(slots)
    return found


class FeatureTable(NamedTuple):
    """A perfect hash table: a hash is in its slot or nowhere.

    Attributes:
        multipliers: uint16 [2**k], see `slots_of`.
        slots: uint32 or uint16 [slots, 2], the key and where its weights are, side by side because reaching
            for memory is what a look costs. Of a feature that many classes share that is the number of its
            row; of any other the number of rows plus `first << SIZE_BITS | size`, its place among the
            entries. Keys of 16 bits are the last ones of the hash: one hash in 65,536 is taken for another.
    """

    multipliers: NDArray[np.uint16]
    slots: NDArray[np.uint32] | NDArray[np.uint16]

    def find(
        self, hashes: NDArray[np.uint32]
    ) -> tuple[NDArray[np.intp], NDArray[np.uint32] | NDArray[np.uint16]]:
        """Return which hashes are keys (their places, rising), and where the weights of each are."""
        found = self.slots.take(slots_of(hashes, self.multipliers, len(self.slots)), axis=0)
        hits = (found[:, 0] == hashes.astype(found.dtype, copy=False)).nonzero()[0]
        return hits, found[:, 1][hits]
