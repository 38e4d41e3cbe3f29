"""Cleaning: what normalisation leaves and nobody can learn from."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

from edgewise_cloud.prepare.config import CleanConfig

# A first byte of UTF-8 and a following one, both as Windows-1252 or Latin-1 reads them.
_FOLLOWING = (
    "\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013\u2014\u2018-\u201e"
    "\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122"
)
_MISREAD = re.compile(f"[\u00c2-\u00f4][{_FOLLOWING}]")
_MARKUP = re.compile(
    r"</?[A-Za-z][^<>]{0,200}>|\{\{.*?\}\}|\{\|.*?\|\}|\[\[|\]\]|&#?\w{2,8};|"
    r"\b[\w-]{2,20}\s*=\s*(?:\"[^\"]*\"|'[^']*')|[{};]\s*[\w-]+\s*:\s*[^;{}]{1,40}(?=;)|\\u[0-9a-fA-F]{4}",
    re.DOTALL,
)


def repair_encoding(text: str) -> str:
    """Undo UTF-8 that was read as Windows-1252 or Latin-1; any other text stays as it is.

    >>> repair_encoding("un cafÃ©"), repair_encoding("CRÊPE À LA MODE")
    ('un café', 'CRÊPE À LA MODE')
    """
    if _MISREAD.search(text) is None:
        return text
    for codec in ("cp1252", "latin-1"):
        try:
            return text.encode(codec).decode("utf-8")
        except UnicodeError:
            continue
    return text


@lru_cache(maxsize=4096)
def _broken(character: str) -> bool:
    return character == "\ufffd" or unicodedata.category(character) in ("Co", "Cs")


def fault(text: str, config: CleanConfig) -> str | None:
    """Return what is wrong with a normalised text; None if nothing is.

    >>> fault(" ", CleanConfig()), fault('<td width="50%">', CleanConfig()), fault("fine", CleanConfig())
    ('empty', 'markup', None)
    """
    inside = text.strip()
    if not inside:
        return "empty"
    if len(inside) < config.least:
        return "too short"
    if not inside.isascii():
        broken = sum(_broken(character) for character in inside)
        if broken > config.most_broken * len(inside):
            return "broken characters"
    marks = sum(match.end() - match.start() for match in _MARKUP.finditer(inside))
    return "markup" if marks > config.most_markup * len(inside) else None


def faults(texts: list[str], config: CleanConfig) -> tuple[list[int], dict[str, int]]:
    """Return the indexes of the texts that are fine, and how many are wrong in which way."""
    counts: Counter[str] = Counter()
    kept = []
    for row, text in enumerate(texts):
        wrong = fault(text, config)
        if wrong is None:
            kept.append(row)
        else:
            counts[wrong] += 1
    return kept, dict(sorted(counts.items()))
