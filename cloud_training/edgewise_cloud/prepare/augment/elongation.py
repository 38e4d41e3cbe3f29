"""Drawn-out words: sooo goood."""

from __future__ import annotations

import numpy as np

from edgewise_cloud.prepare.augment.texts import data_of, pick, spliced, words


def _places(word: str) -> list[int]:
    """Return where a word's vowels stand that have no equal neighbour."""
    vowels = data_of("elongation")["vowels"]
    lower = word.lower()
    return [
        i
        for i, letter in enumerate(lower)
        if letter in vowels and letter not in (lower[i - 1 : i], lower[i + 1 : i + 2])
    ]


def can(text: str, language: str) -> bool:
    """Tell whether a text has a word that can be drawn out."""
    return any(_places(text[slice(*span)]) for span in words(text, 2))


def make(text: str, language: str, rng: np.random.Generator) -> str | None:
    """Return a text with a vowel of one word said up to three times: more is shortened on the device, too."""
    found = [span for span in words(text, 2) if _places(text[slice(*span)])]
    if not found:
        return None
    span = pick(found, rng)
    word = text[slice(*span)]
    place = _places(word)[-1]
    many = 2 + int(rng.integers(data_of("elongation")["most"] - 1))
    return spliced(text, span, word[:place] + word[place] * many + word[place + 1 :])
