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
from edgewise.language.spelling import Alphabet, spelled

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
_ONE = np.float32(1.0)


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
    return read_keys(text, Alphabet(tables.letters), Alphabet(tables.signs))


def read_keys(text: str, letters: Alphabet, signs: Alphabet) -> NDArray[np.uint32]:
    """Do what `keys_of` does, of many texts with the same tables."""
    text = compose(text[:MOST_CHARS])
    words, marks = letters.spell(text), signs.spell(text)
    if not words and not marks:
        return np.zeros(0, np.uint32)
    codes, flat = spelled(words)
    ngrams = MAX_ORDER * len(codes)
    hashes = flat[ngrams:]
    pairs = hashes[:-1] * _PAIR
    pairs ^= hashes[1:] + _PAIR
    keys = np.concatenate((flat, pairs, _sign_keys(marks)))
    keys &= _MASK
    keys[:ngrams] |= CHARACTERS
    keys.sort()
    return keys


class Features(NamedTuple):
    """What a text has.

    Attributes:
        keys: uint32 [n], rising.
        weight: float32 [n], 1 + log of how often it has each.
    """

    keys: NDArray[np.uint32]
    weight: NDArray[np.float32]


def counted(keys: NDArray[np.uint32]) -> Features:
    """Return sorted keys each once."""
    edge = np.ones(len(keys) + 1, np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=edge[1:-1])
    place = edge.nonzero()[0]
    first = place[:-1]
    times = place[1:] - first
    try:
        weight = _USUAL_WEIGHTS.take(times)
    except IndexError:
        weight = _weights(times)
    return Features(keys.take(first), weight)


def _weights(times: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return what features weigh that a text has so often."""
    return _ONE + np.log(times.astype(np.float32))


_USUAL_WEIGHTS = _weights(np.maximum(np.arange(256), 1))


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
    keys = np.concatenate(((hashes & _MASK) | CHARACTERS, (hashes ^ _SIGNS) & _MASK))
    # numpy's `unique` would import masked arrays: a megabyte, ten milliseconds of a first answer.
    return np.array(sorted(set(keys.tolist())), np.uint32)


NOTHING = _nothing()
"""Keys that no vocabulary may have."""
