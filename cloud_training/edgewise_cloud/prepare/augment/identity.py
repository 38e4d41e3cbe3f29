"""Identity-term counterfactuals: another group is meant, the labels stay.

Dixon, Li, Sorensen, Thain, Vasserman: Measuring and Mitigating Unintended Bias in Text Classification,
AIES 2018; Garg, Perot, Limtiaco, Taly, Chi, Beutel: Counterfactual Fairness in Text Classification through
Robustness, AIES 2019.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from edgewise_cloud.prepare.augment.texts import data_of, pick


@cache
def _terms(language: str) -> tuple[re.Pattern[str] | None, dict[str, tuple[str, ...]]]:
    """Return what finds a language's terms, and for each term the others of its group."""
    groups = data_of("identity").get(language, [])
    others = {term: tuple(other for other in group if other != term) for group in groups for term in group}
    if not others:
        return None, {}
    longest = sorted(others, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest))})\b", re.IGNORECASE), others


def can(text: str, language: str) -> bool:
    """Tell whether a text names a group."""
    pattern = _terms(language)[0]
    return pattern is not None and pattern.search(text) is not None


def make(text: str, language: str, rng: np.random.Generator) -> str | None:
    """Return a text in which one group is replaced by another wherever it stands; case is kept."""
    pattern, others = _terms(language)
    found = sorted({match.group().lower() for match in pattern.finditer(text)}) if pattern else []
    if not found:
        return None
    old = pick(found, rng)
    new = pick(others[old], rng)
    # Two groups that stand side by side must not become one.
    if new in found:
        return None
    return re.sub(
        rf"\b{re.escape(old)}\b", lambda match: _cased(new, match.group()), text, flags=re.IGNORECASE
    )


def _cased(word: str, like: str) -> str:
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word.capitalize() if like[0].isupper() else word
