"""Character n-gram and word features of a text, as 32-bit hashes, computed with whole-array operations.

Letters and marks are kept (lower-cased), an apostrophe inside words too; everything else is a space. Each
position yields the hashes of the n-grams of 1 to 5 characters that start there, and each word start the hash
of the whole word. The same function serves training and inference, so the two can't drift apart.

To tell languages by character n-grams is an idea of Cavnar and Trenkle, "N-Gram-Based Text Categorization"
(1994); to hash the features, of Weinberger et al., "Feature Hashing for Large Scale Multitask Learning"
(2009).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_ORDER = 5
WORD_COLUMN = MAX_ORDER
COLUMNS = MAX_ORDER + 1
SPACE = 32
BOUNDARY = 10  # stands between two texts of a batch; n-grams across it are never in a table
MAX_CHARS = 2000  # a language shows itself long before this; keeps the cost of a huge text flat

_MULTIPLIER = 0x01000193
LETTERS = 0x10000  # entries of a letter table: the Basic Multilingual Plane


@cache
def letter_table() -> NDArray[np.uint32]:
    """Map each code point of the Basic Multilingual Plane to its lower-cased letter or mark, or to a space.

    Returns:
        Read-only array of shape ``(65536,)``; built by walking the Unicode database once (about 30 ms), so a
        model file carries a copy.
    """
    table = np.full(LETTERS, SPACE, np.uint32)
    for code in range(LETTERS):
        char = chr(code)
        category = unicodedata.category(char)
        if category[0] == "L" or category in ("Mn", "Mc"):
            lower = char.lower()
            table[code] = ord(lower) if len(lower) == 1 and ord(lower) < LETTERS else code
    table[0x130] = ord("i")
    table[ord("'")] = table[0x2019] = ord("'")
    table.flags.writeable = False
    return table


def _powers(count: int) -> list[int]:
    values = [1]
    for _ in range(count - 1):
        values.append((values[-1] * 0x2C1B3C6D + 0x9) & 0xFFFFFFFF)
    return values


# By place in a word, from 1; the blank before it counts nothing, and beyond 64 letters the place does not.
_WORD_POWERS = np.array([0, *_powers(64)], np.uint32)
_SALTS = [(order + 1) * 7919 for order in range(COLUMNS)]
_FIRST_FACTOR = 0x9E3779B1
_SECOND_FACTOR = np.uint32(0x85EBCA6B)
_FIRST_SHIFT, _SECOND_SHIFT = np.uint32(15), np.uint32(13)
_STARTS = np.array([salt * _FIRST_FACTOR & 0xFFFFFFFF for salt in _SALTS], np.uint32)
"""What the first step of mixing makes of the raw hash 0, which says that nothing starts here."""

_PLACES = np.arange(MAX_CHARS)
_WORD_FACTOR = np.uint32(_FIRST_FACTOR)
_BEYOND = np.zeros(MAX_ORDER - 1, np.uint32)
_NULS = "\0" * (MAX_ORDER - 1)
_ENDS = tuple(_STARTS[1:MAX_ORDER])


def _ngram_factors() -> NDArray[np.uint32]:
    """Return [orders, characters]: what each counts in an n-gram, the first step of mixing included."""
    table = np.zeros((MAX_ORDER, MAX_ORDER), np.uint32)
    for order in range(MAX_ORDER):
        for place in range(order + 1):
            power = pow(_MULTIPLIER, order - place, 1 << 32)
            table[order, place] = power * _FIRST_FACTOR & 0xFFFFFFFF
    return table


_NGRAM_FACTORS = _ngram_factors()
_NGRAM_STARTS = _STARTS[:MAX_ORDER, None]
# The cells of n-grams that reach a boundary or beyond, for all orders: their column, and how far before it.
_CUT = np.array([(order, back) for order in range(MAX_ORDER) for back in range(order + 1)], np.int64).T

_ADDRESS = re.compile(r"https?(?:://\S*)?|www\.\S+|@\w+")


def compose(text: str) -> str:
    """Take out links and handles, which are of no language, and compose letters with their marks."""
    if "@" in text or "http" in text or "www." in text:
        text = _ADDRESS.sub(" ", text)
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", text)


def _finish(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Do the later steps of mixing, which spreads hashes over 32 bits; in place."""
    hashes ^= hashes >> _FIRST_SHIFT
    hashes *= _SECOND_FACTOR
    hashes ^= hashes >> _SECOND_SHIFT
    return hashes


EMPTY_HASHES = _finish(_STARTS.copy())
"""What `hashes_of` returns where nothing starts."""


def codes_of(texts: Sequence[str], letters: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Join texts into one array of letters with single spaces around words and a boundary between texts.

    Args:
        texts: Texts; only the first `MAX_CHARS` characters of each are read.
        letters: Table made by `letter_table`, of shape ``(65536,)``.

    Returns:
        Code points; each text starts and ends with a space, `BOUNDARY` stands between two texts.
    """
    parts = [compose(text[:MAX_CHARS]) for text in texts]
    several = len(parts) > 1
    joined = "\n".join([part.replace("\n", " ") for part in parts]) if several else parts[0]
    # UTF-16 units index the table as they are: what lies beyond the BMP comes as surrogates, that is spaces.
    raw = np.frombuffer(joined.encode("utf-16-le", "surrogatepass"), np.uint16)
    found = letters.take(raw)
    if several:
        found[raw == BOUNDARY] = BOUNDARY
    lines = [" ".join(line.split()) for line in found.tobytes().decode("utf-32-le").split("\n")]
    spaced = "\n".join([f" {line} " if line else " " for line in lines])
    return np.frombuffer(spaced.encode("utf-32-le"), np.uint32)


class Hashes(NamedTuple):
    """The features of some texts, as hashes.

    Attributes:
        flat: The hashes of the n-grams of 1 character that start at each position, then those of 2, and so on
            to 5, and at last those of the words.
        words: The positions at which the words start.
    """

    flat: NDArray[np.uint32]
    words: NDArray[np.intp]


def flat_hashes(codes: NDArray[np.uint32], texts: int) -> Hashes:
    """Hash the n-grams and words that start at each position.

    Args:
        codes: Output of `codes_of`.
        texts: Of how many texts.

    Returns:
        The hashes; where no n-gram starts that is inside one text, and at blanks for the words, the one of
        `EMPTY_HASHES`.
    """
    return _hashes(np.concatenate((codes, _BEYOND)), texts)


def hashes_of_one(text: str) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the codes and `Hashes.flat` of one text.

    Args:
        text: Letters with single spaces around words, and at both ends.
    """
    padded = np.frombuffer((text + _NULS).encode("utf-32-le"), np.uint32)
    return padded[: len(text)], _hashes(padded, 1).flat


def _hashes(padded: NDArray[np.uint32], texts: int) -> Hashes:
    """Hash codes that have as many zeros behind them as the longest n-gram needs."""
    codes = padded[: 1 - MAX_ORDER]
    size = len(codes)
    blanks = (codes <= SPACE).nonzero()[0]
    before = blanks[:-1]
    flat = np.empty(MAX_ORDER * size + len(before), np.uint32)
    grid = flat[: MAX_ORDER * size].reshape(MAX_ORDER, size)
    windows = np.ndarray((MAX_ORDER, size), np.uint32, padded, strides=(4, 4))
    np.matmul(_NGRAM_FACTORS, windows, out=grid)
    grid += _NGRAM_STARTS
    # Of each order as many places as do not reach the end; a loop takes twice the time.
    grid[1, -1:], grid[2, -2:], grid[3, -3:], grid[4, -4:] = _ENDS
    if texts > 1:
        _cut(grid, codes)
    if len(before):
        _hash_words(codes, blanks, flat[MAX_ORDER * size :])
    return Hashes(_finish(flat), before + 1)


def _cut(grid: NDArray[np.uint32], codes: NDArray[np.uint32]) -> None:
    """Mark that nothing starts where n-grams reach a boundary between texts."""
    ends = (codes == BOUNDARY).nonzero()[0]
    order, back = _CUT
    grid[order, np.maximum(ends[:, None] - back, 0)] = _STARTS[order]


def _hash_words(codes: NDArray[np.uint32], blanks: NDArray[np.intp], out: NDArray[np.uint32]) -> None:
    """Do the first step of hashing what stands between each blank and the next."""
    before = blanks[:-1]
    size = len(codes) - 1
    places = _PLACES[:size] if size <= len(_PLACES) else np.arange(size)
    place = places - before.repeat(blanks[1:] - before)
    terms = _WORD_POWERS.take(place, mode="clip")
    terms *= codes[:-1]
    np.add.reduceat(terms, before, out=out)
    out *= _WORD_FACTOR
    out += _STARTS[WORD_COLUMN]


def hashes_of(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the hashes of `flat_hashes` by position.

    Args:
        codes: Output of `codes_of`, length m.

    Returns:
        Array of shape ``(m, COLUMNS)``: n-grams of 1 to 5 characters, then the word. A place where nothing
        starts (the last positions, the inside of a word) holds the hash of `EMPTY_HASHES`.
    """
    size = len(codes)
    found = flat_hashes(codes, 2)
    grid = np.empty((size, COLUMNS), np.uint32)
    grid[:, :MAX_ORDER] = found.flat[: MAX_ORDER * size].reshape(MAX_ORDER, size).T
    grid[:, WORD_COLUMN] = EMPTY_HASHES[WORD_COLUMN]
    grid[found.words, WORD_COLUMN] = found.flat[MAX_ORDER * size :]
    return grid


def boundaries(codes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the first position of each text in `codes` (shape ``(texts,)``)."""
    return np.concatenate(([0], np.flatnonzero(codes == BOUNDARY) + 1))
