"""What an n-gram teacher sees of a text: words, pairs of them, n-grams of characters, signs; all hashed.

Hashes are those of the language model (`edgewise.language.features`), computed over whole arrays. Weights
follow Salton and Buckley, "Term-weighting approaches in automatic text retrieval" (1988): 1 + log of the
count, times the inverse document frequency, each block of features scaled to length 1.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from edgewise.language.features import (
    BOUNDARY,
    LETTERS,
    SPACE,
    WORD_COLUMN,
    codes_of,
    hashes_of,
    letter_table,
)
from edgewise_distill.language.counting import valid_places

BITS = 22
MOST_CHARS = 500
WORDS, CHARACTERS = 0, 1
_CHUNK = 4000
_SLOTS = 1 << BITS
_PAIR = np.uint32(0x9E3779B1)
_SIGNS = np.uint32(0x5BD1E995)
_SIGN_ORDERS = 3


@cache
def sign_table() -> NDArray[np.uint32]:
    """Map each UTF-16 unit to its sign (punctuation, symbol, half of an emoji), or to a space."""
    table = np.full(LETTERS, SPACE, np.uint32)
    for code in range(LETTERS):
        if 0xD800 <= code < 0xE000:
            table[code] = code + 0x800  # lone halves cannot be decoded, the private use area can
        elif unicodedata.category(chr(code))[0] in "PS":
            table[code] = code
    table.flags.writeable = False
    return table


@dataclass(frozen=True, slots=True)
class Counted:
    """How often n texts have each hashed feature, by block: sparse float32 [n, 2 ** BITS]."""

    words: sp.csr_matrix
    characters: sp.csr_matrix


def _texts_of(codes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the number of the text at each place."""
    return np.cumsum(codes == BOUNDARY)


def _letters(texts: Sequence[str]) -> list[tuple[int, NDArray[np.int64], NDArray[np.uint32]]]:
    """Return block, text and hash of n-grams, words and pairs of words."""
    codes = codes_of(texts, letter_table())
    hashes, valid, owner = hashes_of(codes), valid_places(codes), _texts_of(codes)
    grams = valid[:, :WORD_COLUMN]
    place, column = np.nonzero(grams)
    found = [(CHARACTERS, owner[place], hashes[place, column])]
    starts = np.flatnonzero(valid[:, WORD_COLUMN])
    words, of = hashes[starts, WORD_COLUMN], owner[starts]
    found.append((WORDS, of, words))
    together = of[1:] == of[:-1]
    pairs = (words[:-1] * _PAIR) ^ (words[1:] + _PAIR)
    found.append((WORDS, of[1:][together], pairs[together]))
    return found


def _signs(texts: Sequence[str]) -> list[tuple[int, NDArray[np.int64], NDArray[np.uint32]]]:
    """Return block, text and hash of signs, up to three together, and of whole runs of them."""
    codes = codes_of(texts, sign_table())
    hashes, valid, owner = hashes_of(codes), valid_places(codes), _texts_of(codes)
    columns = [*range(_SIGN_ORDERS), WORD_COLUMN]
    place, column = np.nonzero(valid[:, columns])
    return [(WORDS, owner[place], hashes[place, np.array(columns)[column]] ^ _SIGNS)]


def count_features(texts: Sequence[str]) -> Counted:
    """Count the features of n texts; of each the first `MOST_CHARS` characters are read."""
    rows: tuple[list[NDArray[np.int64]], ...] = ([], [])
    columns: tuple[list[NDArray[np.int64]], ...] = ([], [])
    for first in range(0, len(texts), _CHUNK):
        part = [text[:MOST_CHARS] for text in texts[first : first + _CHUNK]]
        for block, row, found in (*_letters(part), *_signs(part)):
            rows[block].append(row + first)
            columns[block].append((found & np.uint32(_SLOTS - 1)).astype(np.int64))
    return Counted(*(_matrix(rows[block], columns[block], len(texts)) for block in (WORDS, CHARACTERS)))


def _matrix(rows: list[NDArray[np.int64]], columns: list[NDArray[np.int64]], count: int) -> sp.csr_matrix:
    row = np.concatenate(rows) if rows else np.zeros(0, np.int64)
    column = np.concatenate(columns) if columns else np.zeros(0, np.int64)
    flat, times = np.unique(row * _SLOTS + column, return_counts=True)
    starts = np.searchsorted(flat, np.arange(count + 1, dtype=np.int64) * _SLOTS)
    return sp.csr_matrix(
        (times.astype(np.float32), (flat & (_SLOTS - 1)).astype(np.int32), starts), shape=(count, _SLOTS)
    )


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The features that a model knows of, of each block, with their inverse document frequencies.

    Attributes:
        slots: By block, int32 [k], sorted.
        idf: By block, float32 [k].
    """

    slots: tuple[NDArray[np.int32], NDArray[np.int32]]
    idf: tuple[NDArray[np.float32], NDArray[np.float32]]

    @staticmethod
    def of(counted: Counted, least: int = 2) -> Vocabulary:
        """Take the features that at least so many of the texts have."""
        slots, idf = [], []
        for matrix in (counted.words, counted.characters):
            df = np.bincount(matrix.indices, minlength=_SLOTS)
            kept = np.flatnonzero(df >= least)
            slots.append(kept.astype(np.int32))
            idf.append((np.log((1 + matrix.shape[0]) / (1 + df[kept])) + 1.0).astype(np.float32))
        return Vocabulary((slots[0], slots[1]), (idf[0], idf[1]))

    def weigh(self, counted: Counted) -> sp.csr_matrix:
        """Return the weights of n texts: sparse float32 [n, features of both blocks]."""
        blocks = []
        for matrix, slots, idf in zip((counted.words, counted.characters), self.slots, self.idf, strict=True):
            place = np.full(_SLOTS, -1, np.int32)
            place[slots] = np.arange(len(slots), dtype=np.int32)
            known = place[matrix.indices]
            kept = known >= 0
            starts = np.concatenate(([0], np.cumsum(kept)))[matrix.indptr]
            values = (1.0 + np.log(matrix.data[kept])) * idf[known[kept]]
            lengths = np.sqrt(np.bincount(np.repeat(np.arange(matrix.shape[0]), np.diff(starts)), values**2))
            lengths = np.pad(lengths, (0, matrix.shape[0] - len(lengths)))
            values = values / np.repeat(np.maximum(lengths, 1e-9), np.diff(starts))
            blocks.append(
                sp.csr_matrix(
                    (values.astype(np.float32), known[kept], starts), shape=(matrix.shape[0], len(slots))
                )
            )
        return sp.hstack(blocks, format="csr", dtype=np.float32)
