"""Words spelled out letter by letter: "f u c k", "s-t-u-p-i-d"."""

from __future__ import annotations

import re

from edgewise.text.characters import char_class, lazily
from edgewise.text.lexicon import lexicon
from edgewise.text.offsets import Draft, Edit

__all__ = ["join_spelled", "may_be_spelled"]

_SEPARATORS = r"[ .\-_*~|·•/,+=:;'^\\]"
_HINT = re.compile(rf"({_SEPARATORS})[^\W\d_]\1[^\W\d_](?![^\W_])")
find_spelled = _HINT.search
"""Finds the first place where letters may be spelled out, None where there is none."""
_CASED = char_class("41-5A 61-7A C0-D6 D8-F6 F8-24F 386-3FF 400-52F 531-586 1E00-1EFF")
_SEMITIC = char_class("5D0-5EA 620-64A 671-6D3")
_LETTER = f"[{_CASED}{_SEMITIC}]"
_ALONE = f"{_LETTER}(?![^\\W_])"
_SPELLED = lazily(
    rf"(?<![^\W_])(?<!\w[.\-_'*’])(?<![#@])(?={_LETTER}({_SEPARATORS}){_LETTER}\1{_ALONE})"
    rf"{_LETTER}(?:\1{_ALONE})++(?!(?! )\1[^\W_])"
)
_GENERAL = " .-_*~|·•"
"""Separators that spell any word; the others spell only words of the list."""
_MOST_LETTERS = 64
_SENTENCE = 4
"""So many one-letter words in a row are no sentence any more."""


def may_be_spelled(text: str) -> bool:
    """Tells whether a text may hold letters spelled out one by one.

    Args:
        text: The text.

    Returns:
        False if `join_spelled` would leave it as it is.
    """
    return find_spelled(text) is not None


def join_spelled(draft: Draft) -> bool:
    """Joins three or more letters spelled out one by one, but no enumerations and no one-letter words."""
    if _HINT.search(draft.text) is None:
        return False
    edits: list[Edit] = []
    for match in _SPELLED().finditer(draft.text):
        letters = match[0][::2]
        words = _words(letters, match[1]) if len(letters) <= _MOST_LETTERS else None
        at = match.start() + 1
        for word in words or ():
            edits += [(at + 2 * i, at + 2 * i + 1, "") for i in range(len(word) - 1)]
            at += 2 * len(word)
    return draft.edit(edits)


def _words(letters: str, separator: str) -> list[str] | None:
    """The words that the letters spell, or None if they rather are single letters."""
    targets = lexicon()
    lower = letters.lower()
    if lower in targets.words:
        return [letters]
    if separator not in _GENERAL or len(set(lower)) == 1 or _is_enumeration(lower):
        return None
    if separator != " ":
        return [letters]
    if len(letters) < _SENTENCE and targets.one_letter_words.issuperset(lower):
        return None
    return _segmented(letters) or [letters]


def _is_enumeration(lower: str) -> bool:
    gaps = [ord(lower[i + 1]) - ord(lower[i]) for i in range(len(lower) - 1)]
    return min(gaps) > 0 and 2 * gaps.count(1) >= len(gaps)


def _segmented(letters: str) -> list[str] | None:
    """The letters as listed words with "a", "i", "u" between them, or None."""
    targets = lexicon().words
    lower = letters.lower()
    words: list[str] = []
    at = 0
    while at < len(lower):
        sizes = range(min(16, len(lower) - at), 2, -1)
        size = next((size for size in sizes if lower[at : at + size] in targets), 1)
        if size == 1 and lower[at] not in "aiu":
            return None
        words.append(letters[at : at + size])
        at += size
    return words if any(len(word) > 1 for word in words) else None
