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

import numpy as np
from numpy.typing import NDArray

MAX_ORDER = 5
WORD_COLUMN = MAX_ORDER
COLUMNS = MAX_ORDER + 1
SPACE = 32
BOUNDARY = 10  # stands between two texts of a batch; n-grams across it are never in a table
MAX_CHARS = 2000  # a language shows itself long before this; keeps the cost of a huge text flat

_MULTIPLIER = np.uint32(0x01000193)
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


def _powers(count: int) -> NDArray[np.uint32]:
    values = [1]
    for _ in range(count - 1):
        values.append((values[-1] * 0x2C1B3C6D + 0x9) & 0xFFFFFFFF)
    return np.array(values, np.uint32)


_WORD_POWERS = _powers(64)
_SALTS = np.array([(order + 1) * 7919 for order in range(COLUMNS)], np.uint32)


_ADDRESS = re.compile(r"https?(?:://\S*)?|www\.\S+|@\w+")


def _compose(text: str) -> str:
    """Take out links and handles, which are of no language, and compose letters with their marks."""
    if "@" in text or "http" in text or "www." in text:
        text = _ADDRESS.sub(" ", text)
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", text)


def _mix(grid: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Spread raw hashes [m, COLUMNS] over 32 bits, each column in its own way; in place."""
    grid += _SALTS
    grid *= np.uint32(0x9E3779B1)
    grid ^= grid >> np.uint32(15)
    grid *= np.uint32(0x85EBCA6B)
    grid ^= grid >> np.uint32(13)
    return grid


EMPTY_HASHES = _mix(np.zeros((1, COLUMNS), np.uint32))[0]
"""What `hashes_of` returns where nothing starts."""


def codes_of(texts: Sequence[str], letters: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Join texts into one array of letters with single spaces around words and a boundary between texts.

    Args:
        texts: Texts; only the first `MAX_CHARS` characters of each are read.
        letters: Table made by `letter_table`, of shape ``(65536,)``.

    Returns:
        Code points; each text starts and ends with a space, `BOUNDARY` stands between two texts.
    """
    parts = [_compose(text[:MAX_CHARS]) for text in texts]
    if len(parts) == 1:
        joined = f" {parts[0]} "
    else:
        joined = " " + " \n ".join([part.replace("\n", " ") for part in parts]) + " "
    # UTF-16 units index the table as they are: what lies beyond the BMP comes as surrogates, that is spaces.
    raw = np.frombuffer(joined.encode("utf-16-le", "surrogatepass"), np.uint16)
    codes = letters[raw]
    if len(parts) > 1:
        codes[raw == BOUNDARY] = BOUNDARY
    space = codes == SPACE
    keep = np.ones(len(codes), bool)
    np.logical_and(space[1:], space[:-1], out=keep[1:])
    np.logical_not(keep[1:], out=keep[1:])
    return codes[keep]


def hashes_of(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Hash the n-grams and words that start at each position.

    Args:
        codes: Output of `codes_of`, length m.

    Returns:
        Array of shape ``(m, COLUMNS)``: n-grams of 1 to 5 characters, then the word. A place where nothing
        starts (the last positions, the inside of a word) holds an arbitrary hash that no table contains.
    """
    size = len(codes)
    grid = np.zeros((size, COLUMNS), np.uint32)
    rolling = codes
    grid[:, 0] = rolling
    for order in range(1, MAX_ORDER):
        rolling = rolling[:-1] * _MULTIPLIER + codes[order:]
        grid[: max(size - order, 0), order] = rolling
    blank = codes <= SPACE
    position = np.arange(size)
    inside = position - np.maximum.accumulate(np.where(blank, position, 0)) - 1
    terms = codes * _WORD_POWERS[np.minimum(inside, 63)]
    terms[blank] = 0
    total = np.cumsum(terms, dtype=np.uint32)
    ends = np.flatnonzero(blank[1:] & ~blank[:-1])
    starts = np.flatnonzero(blank[:-1] & ~blank[1:]) + 1
    if len(starts):
        grid[starts, WORD_COLUMN] = total[ends] - total[starts - 1]
    return _mix(grid)


def boundaries(codes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the first position of each text in `codes` (shape ``(texts,)``)."""
    return np.concatenate(([0], np.flatnonzero(codes == BOUNDARY) + 1))
