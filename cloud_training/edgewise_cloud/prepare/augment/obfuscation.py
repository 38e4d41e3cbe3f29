"""Disguised words: leetspeak, letters set apart, letters masked.

Normalisation undoes most of it, and such rows are dropped: what is left is what still reaches a model.
"""

from __future__ import annotations

import numpy as np

from edgewise_cloud.prepare.augment.texts import data_of, pick, spliced, words


def can(text: str, language: str) -> bool:
    """Tell whether a text has a word long enough to be disguised."""
    return bool(words(text, data_of("obfuscation")["shortest"]))


def make(text: str, language: str, rng: np.random.Generator) -> str | None:
    """Return a text with one or two words disguised."""
    rules = data_of("obfuscation")
    for _ in range(1 + int(rng.integers(2))):
        found = words(text, rules["shortest"])
        if not found:
            return None
        span = pick(found, rng)
        text = spliced(text, span, _disguised(text[slice(*span)], rules, rng))
    return text


def _disguised(word: str, rules: dict[str, str | dict[str, str]], rng: np.random.Generator) -> str:
    how = int(rng.integers(3))
    leet = rules["leet"]
    if how == 0 and isinstance(leet, dict):
        return "".join(
            pick(leet[c.lower()], rng) if c.lower() in leet and rng.random() < 0.6 else c for c in word
        )
    if how == 1:
        return pick(rules["between"], rng).join(word) if isinstance(rules["between"], list) else word
    place = 1 + int(rng.integers(len(word) - 2))
    return word[:place] + pick(str(rules["mask"]), rng) + word[place + 1 :]
