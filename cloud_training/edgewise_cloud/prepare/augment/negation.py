"""Negation counterfactuals in English: short praise negated, short negated praise affirmed; the label flips.

Only where it is safe: one clause, one judgement in it. Blame is never negated: "not bad" says little.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from edgewise_cloud.prepare.augment.texts import data_of, pick

NEGATIVE, POSITIVE = "negative", "positive"


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    data = data_of("negation")

    def any_of(name: str) -> str:
        return "|".join(map(re.escape, sorted(data[name], key=len, reverse=True)))

    be, adjective, verb, degree = (
        any_of(name) for name in ("be", "positive_adjectives", "positive_verbs", "degree")
    )
    subject = "|".join(data["do"])
    end = r"(?=\s*(?:$|[.!,;]|http|@user))"
    return {
        "obstacle": re.compile(rf"\b(?:{any_of('obstacles')})\b", re.IGNORECASE),
        "praise": re.compile(rf"\b(?:{adjective}|{verb}|{any_of('other_praise')})", re.IGNORECASE),
        "negated": re.compile(r"\bnot\b|n['’]t\b", re.IGNORECASE),
        "is": re.compile(rf"\b({be})( (?:{degree}))? ({adjective}){end}", re.IGNORECASE),
        "is not": re.compile(rf"\b({be})(?: not|n['’]t)( (?:{degree}))? ({adjective}){end}", re.IGNORECASE),
        "does": re.compile(rf"\b({subject}) (?:(?:really|absolutely|just|truly) )?({verb})\b", re.IGNORECASE),
        "does not": re.compile(rf"\b({subject}) do(?: not|n['’]t) (?:really )?({verb})\b", re.IGNORECASE),
    }


def flipped(side: str) -> str:
    """Return the opposite label."""
    return POSITIVE if side == NEGATIVE else NEGATIVE


def can(text: str, language: str, side: str) -> bool:
    """Tell whether a text can be turned round safely."""
    if language != "en" or side not in (NEGATIVE, POSITIVE):
        return False
    return len(text.split()) <= data_of("negation")["longest"] and _turned(text, side, None) is not None


def make(text: str, side: str, rng: np.random.Generator) -> str | None:
    """Return a text that says the opposite; None where that is not safe.

    >>> rng = np.random.default_rng(0)
    >>> make("The food was really good!", "positive", rng), make("I don't like it", "negative", rng)
    ('The food was not really good!', 'I like it')
    >>> make("It is good but slow", "positive", rng) is None
    True
    """
    return _turned(text, side, rng)


def _turned(text: str, side: str, rng: np.random.Generator | None) -> str | None:
    find = _patterns()
    if (
        len(find["praise"].findall(text)) != 1
        or find["obstacle"].search(text)
        or re.search(r"[?:]|[.!;,].*\w", text)
    ):
        return None
    negations = len(find["negated"].findall(text))
    if side == POSITIVE and negations == 0:
        return _negated(text, find, rng)
    if side == NEGATIVE and negations == 1:
        made, count = find["is not"].subn(lambda m: f"{m[1]}{_kept(m[2])} {m[3]}", text)
        if not count:
            made, count = find["does not"].subn(r"\1 \2", text)
        return made if count == 1 else None
    return None


def _kept(degree: str | None) -> str:
    """Drop what only stands after "not": "not that good", "not too good"."""
    return "" if degree is None or degree.strip().lower() in ("that", "all that", "too") else degree


def _negated(text: str, find: dict[str, re.Pattern[str]], rng: np.random.Generator | None) -> str | None:
    if len(find["is"].findall(text)) + len(find["does"].findall(text)) != 1:
        return None
    short = rng is None or pick((True, True, False), rng)

    def no(verb: str) -> str:
        return f"{verb} not" if not short or verb.lower() == "am" else f"{verb}n't"

    made, count = find["is"].subn(lambda m: f"{no(m[1])}{m[2] or ''} {m[3]}", text)
    if not count:
        made = find["does"].sub(lambda m: f"{m[1]} {no('do')} {m[2]}", text)
    return made
