"""What a linear model sees of a text: words, pairs of them, n-grams of characters, signs; all hashed.

Hashes are those of the language model (`edgewise.language.features`), cut to `BITS`. The same function serves
training and inference, so the two can't drift apart.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgewise.language.features import (
    EMPTY_HASHES,
    LETTERS,
    MAX_ORDER,
    SPACE,
    compose,
    flat_hashes,
    letter_table,
)

BITS = 22
CHARACTERS = np.uint32(1 << BITS)
"""Keys from here on are those of n-grams of characters, smaller ones those of words and signs."""

MOST_CHARS = 500
"""Characters of a text, or of a window of it, that are read."""

_MASK = np.uint32((1 << BITS) - 1)
_PAIR = np.uint32(0x9E3779B1)
_SIGNS = np.uint32(0x5BD1E995)
_SIGN_ORDERS = 3
_SURROGATES = range(0xD800, 0xE000)
_SPACES = np.array([SPACE], np.uint32)


class Tables(NamedTuple):
    """What each UTF-16 unit counts as: uint32 [65536] each, a space where it counts as nothing.

    Attributes:
        letters: Letters and marks, lower-cased.
        signs: Punctuation, symbols, halves of emoji.
    """

    letters: NDArray[np.uint32]
    signs: NDArray[np.uint32]


def sign_table() -> NDArray[np.uint32]:
    """Map each UTF-16 unit to its sign, or to a space; made by walking the Unicode database once."""
    table = np.full(LETTERS, SPACE, np.uint32)
    for code in range(LETTERS):
        if code in _SURROGATES:
            table[code] = code + 0x800  # lone halves cannot be decoded, the private use area can
        elif unicodedata.category(chr(code))[0] in "PS":
            table[code] = code
    return table


@cache
def letters_and_signs() -> Tables:
    """Return the tables of this Python's Unicode database; a model file carries those of its training."""
    return Tables(letter_table(), sign_table())


def keys_of(text: str, tables: Tables) -> NDArray[np.uint32]:
    """Hash the features of a text.

    Args:
        text: A normalised text; its first `MOST_CHARS` characters are read.
        tables: What counts as a letter, and what as a sign.

    Returns:
        Keys, sorted, each as often as the text has the feature; none when it has neither letters nor signs.
        Those in `NOTHING` mean nothing.
    """
    text = compose(text[:MOST_CHARS])
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
    letters, signs = _spaced(units, tables.letters), _spaced(units, tables.signs)
    if not letters and not signs:
        return np.zeros(0, np.uint32)
    codes = np.frombuffer(f" {letters} ".encode("utf-32-le"), np.uint32) if letters else _SPACES
    flat = flat_hashes(codes, 1).flat
    grams = MAX_ORDER * len(codes)
    words = flat[grams:]
    pairs = words[:-1] * _PAIR
    pairs ^= words[1:] + _PAIR
    flat &= _MASK
    flat[:grams] |= CHARACTERS
    pairs &= _MASK
    keys = np.concatenate((flat, pairs, _sign_keys(signs)))
    keys.sort()
    return keys


def _spaced(units: NDArray[np.uint16], table: NDArray[np.uint32]) -> str:
    """Return what a table keeps of a text, single spaces between."""
    return " ".join(table.take(units).tobytes().decode("utf-32-le").split())


@lru_cache(maxsize=1024)
def _sign_keys(signs: str) -> NDArray[np.uint32]:
    """Return the keys of signs, up to three together and whole runs; most texts have the same few."""
    codes = np.frombuffer(f" {signs} ".encode("utf-32-le"), np.uint32) if signs else _SPACES
    flat, size = flat_hashes(codes, 1).flat, len(codes)
    keys = np.concatenate((flat[: _SIGN_ORDERS * size], flat[MAX_ORDER * size :]))
    keys ^= _SIGNS
    keys &= _MASK
    keys.flags.writeable = False
    return keys


def _nothing() -> NDArray[np.uint32]:
    """Return the keys of places where nothing starts, and of lone spaces."""
    blank = flat_hashes(np.array([SPACE], np.uint32), 1).flat[:1]
    hashes = np.concatenate((EMPTY_HASHES, blank))
    return np.unique(np.concatenate(((hashes & _MASK) | CHARACTERS, (hashes ^ _SIGNS) & _MASK)))


NOTHING = _nothing()
"""Keys that no vocabulary may have."""
