"""Typing errors: a neighbouring key, two letters swapped, one lost, one doubled."""

from __future__ import annotations

from functools import cache

import numpy as np

from edgewise_cloud.prepare.augment.texts import data_of, pick, spliced, words

_SHORTEST = 4
_LETTERS_A_TYPO = 40


@cache
def neighbours(language: str) -> dict[str, str]:
    """Return the keys beside each key of a language's keyboard; empty if the language's is not known.

    >>> neighbours("en")["s"]
    'adewxz'
    """
    found = data_of("keyboards")
    rows = found["layouts"].get(found["languages"].get(language, ""), [])
    # Each row of keys stands half a key further to the right than the one above.
    places = {key: (r, c + r / 2) for r, row in enumerate(rows) for c, key in enumerate(row)}
    return {
        key: "".join(
            sorted(
                o for o, (r, c) in places.items() if o != key and abs(r - row) <= 1 and abs(c - column) <= 1
            )
        )
        for key, (row, column) in places.items()
    }


def can(text: str, language: str) -> bool:
    """Tell whether typing errors can be made in a text."""
    return bool(neighbours(language)) and bool(words(text, _SHORTEST))


def make(text: str, language: str, rng: np.random.Generator) -> str | None:
    """Return a text with a typing error in one word, or in a few words of a longer text."""
    keys = neighbours(language)
    for _ in range(1 + int(rng.integers(1 + len(text) // _LETTERS_A_TYPO))):
        found = words(text, _SHORTEST)
        if not found:
            return None
        span = pick(found, rng)
        text = spliced(text, span, _mistyped(text[slice(*span)], keys, rng))
    return text


def _mistyped(word: str, keys: dict[str, str], rng: np.random.Generator) -> str:
    """Spoil one letter; the first stays, as it mostly does."""
    place = 1 + int(rng.integers(len(word) - 1))
    letter = word[place]
    near = keys.get(letter.lower(), "")
    how = int(rng.integers(4))
    if how == 0 and near:
        other = pick(near, rng)
        return word[:place] + (other.upper() if letter.isupper() else other) + word[place + 1 :]
    if how == 1 and place + 1 < len(word):
        return word[:place] + word[place + 1] + letter + word[place + 2 :]
    if how == 2:
        return word[:place] + letter + word[place:]
    return word[:place] + word[place + 1 :]
