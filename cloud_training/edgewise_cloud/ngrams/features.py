"""The features of many texts as sparse matrices, weighed as the device weighs them.

See `edgewise.ngrams.features` for what they are and `edgewise.ngrams.heads` for what they weigh.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from edgewise.ngrams.features import BITS, CHARACTERS, NOTHING, keys_of, letters_and_signs
from edgewise.ngrams.heads import IDF_STEP

KEYS = 2 << BITS
"""How many keys there may be."""

_WORDS = int(CHARACTERS)
_MOST_IDF = 255


def count_features(texts: Sequence[str]) -> sp.csr_matrix:
    """Count the features of n normalised texts: sparse float32 [n, KEYS], columns sorted."""
    tables = letters_and_signs()
    columns, times, sizes = [], [], [0]
    for text in texts:
        keys = keys_of(text, tables)
        first = np.flatnonzero(np.diff(keys, prepend=np.uint32(KEYS)))
        columns.append(keys[first].astype(np.int32))
        times.append(np.diff(first, append=len(keys)).astype(np.float32))
        sizes.append(len(first))
    if not columns:
        return sp.csr_matrix((0, KEYS), dtype=np.float32)
    return sp.csr_matrix(
        (np.concatenate(times), np.concatenate(columns), np.cumsum(sizes)), shape=(len(texts), KEYS)
    )


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The features that a model knows of, with their inverse document frequencies.

    Attributes:
        keys: int32 [k], rising: first those of words, then those of characters.
        idf: uint8 [k], in steps of `IDF_STEP`.
    """

    keys: NDArray[np.int32]
    idf: NDArray[np.uint8]

    @staticmethod
    def of(counted: sp.csr_matrix, least: int = 2) -> Vocabulary:
        """Take the features that at least so many of the texts have."""
        df = np.bincount(counted.indices, minlength=KEYS)
        df[NOTHING] = 0
        kept = np.flatnonzero(df >= least)
        idf = np.log((1 + counted.shape[0]) / (1 + df[kept])) + 1.0
        return Vocabulary(
            kept.astype(np.int32), np.clip(np.round(idf / IDF_STEP), 1, _MOST_IDF).astype(np.uint8)
        )

    def only(self, places: NDArray[np.int64]) -> Vocabulary:
        """Return the vocabulary of these features alone; rising places."""
        return Vocabulary(self.keys[places], self.idf[places])

    def weigh(self, counted: sp.csr_matrix) -> sp.csr_matrix:
        """Return the weights of the features of n texts: sparse float32 [n, k]."""
        place = np.full(KEYS, -1, np.int32)
        place[self.keys] = np.arange(len(self.keys), dtype=np.int32)
        known = place[counted.indices]
        kept = known >= 0
        starts = np.concatenate(([0], np.cumsum(kept)))[counted.indptr]
        column = known[kept]
        values = (1.0 + np.log(counted.data[kept])) * (self.idf[column] * np.float32(IDF_STEP))
        # Words and characters are scaled apart: block 2 * row is the words of a row, the next its characters.
        row = np.repeat(np.arange(counted.shape[0]), np.diff(starts))
        block = 2 * row + (self.keys[column] >= _WORDS)
        length = np.sqrt(np.bincount(block, values**2, 2 * counted.shape[0]))
        values = values / np.maximum(length[block], 1e-9)
        return sp.csr_matrix(
            (values.astype(np.float32), column, starts), shape=(counted.shape[0], len(self.keys))
        )
