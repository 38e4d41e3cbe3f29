"""Letter case: all capitals, all small, every word with a capital, or one word shouted."""

from __future__ import annotations

import numpy as np

from edgewise_cloud.prepare.augment.texts import pick, spliced, words


def can(text: str, language: str) -> bool:
    """Tell whether a text has letters with case; Turkish i has a rule of its own and is left alone."""
    return language not in ("tr", "az") and text.lower() != text.upper()


def make(text: str, language: str, rng: np.random.Generator) -> str | None:
    """Return a text in another case; None if it is in that one already."""
    how = int(rng.integers(4))
    found = words(text)
    if how == 3 and found:
        span = pick(found, rng)
        made = spliced(text, span, text[slice(*span)].upper())
    else:
        made = (text.upper, text.lower, text.title, text.upper)[how]()
    return made if made != text else None
