"""Disguised words: digits and signs for letters, stars for letters, letters spelled out one by one."""

from __future__ import annotations

import re

from edgewise.text.lexicon import Lexicon, lexicon
from edgewise.text.offsets import Draft, Edit

__all__ = ["join_spelled", "undisguise"]

_SIGNS = "@$!|*+#%€¡"
_DISGUISED = re.compile(rf"(?<![\w{_SIGNS}])(?=[^\W\d_]*[\d{_SIGNS}])(?=[\d{_SIGNS}]*[^\W\d_])[\w{_SIGNS}]+")
_LETTERS = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g", "6": "b",
            "@": "a", "$": "s", "!": "i", "|": "i", "+": "t", "€": "e", "¡": "i"}  # fmt: skip
_LATIN = str.maketrans(_LETTERS)
_LATIN_L = str.maketrans({**_LETTERS, "1": "l", "!": "l", "|": "l", "6": "g"})
_CYRILLIC = str.maketrans({"0": "о", "3": "з", "4": "ч", "6": "б", "@": "а", "$": "с", "!": "і"})
_MASK = re.compile("[*#%]")
_MODEL_NAME = re.compile(r"[^\W\d_]{1,2}\d+|\d+[^\W\d_]{1,2}")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")

_ALPHABET = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0386-\u03ff\u0400-\u052f\u0531-\u0586\u05d0-\u05ea\u0620-\u064a\u0671-\u06d3\u1e00-\u1eff"
_SPELLED = re.compile(
    rf"(?<![\w])(?<![\w][.\-_'*])[{_ALPHABET}](?=( {{1,3}}|[.\-_*~|·•/,+=:;'^\\])[{_ALPHABET}]\1[{_ALPHABET}](?![^\W_]))"
    rf"(?:\1[{_ALPHABET}](?![^\W_]))++(?!(?! )\1[^\W_])"
)
_HINT = re.compile(rf"(?<!\w)[{_ALPHABET}]( {{1,3}}|[^\w\s]|_)[{_ALPHABET}]\1[{_ALPHABET}](?!\w)")
_GENERAL = " .-_*~|·•"
_MOST_LETTERS = 64


def undisguise(draft: Draft) -> bool:
    """Undoes leetspeak ("sh1t", "b!tch") and masks ("f*ck") in words of the list; all else stays.

    Numbers, versions, model names, Arabizi and the like are safe because only a listed word is ever written.
    """
    edits: list[Edit] = []
    for match in _DISGUISED.finditer(draft.text):
        token = match[0]
        if len(token) > 32:
            continue
        core = token.lstrip("#*+|!%_")
        start = match.end() - len(core)
        word = _plain(core, lexicon())
        if word is None:
            core = core.rstrip("!|+#%_$@")
            word = _plain(core, lexicon())
        if word is None:
            core = core.rstrip("*")
            word = _plain(core, lexicon())
        if word is not None and word != core:
            edits.append((start, start + len(core), word))
    return draft.edit(edits)


def join_spelled(draft: Draft) -> bool:
    """Joins letters spelled out one by one ("f u c k", "s-t-u-p-i-d"), but no enumerations or one-letter words."""
    if _HINT.search(draft.text) is None:
        return False
    edits: list[Edit] = []
    for match in _SPELLED.finditer(draft.text):
        start, end = match.span()
        step = len(match[1]) + 1
        letters = match[0][::step]
        if len(letters) > _MOST_LETTERS:
            continue
        words = _spelled(letters, match[1], lexicon())
        if words is None:
            continue
        at = start
        for word in words:
            for _ in word[:-1]:
                edits.append((at + 1, at + step, ""))
                at += step
            at += step
    return draft.edit(edits)


def _plain(core: str, targets: Lexicon) -> str | None:
    """The listed word behind a token, in the token's case, or None."""
    lower = core.lower()
    if len(core) < 3 or (len(_LETTER.findall(core)) < 2 and "*" not in core and _DIGIT.search(core)):
        return None
    word = _unmasked(lower, targets) if _MASK.search(lower) else _unleeted(lower, targets)
    if word is None or word == lower:
        return None
    letters = _LETTER.findall(core)
    if len(letters) > 1 and all(char.isupper() for char in letters):
        return word.upper()
    return word.capitalize() if core[0].isupper() else word


def _unleeted(lower: str, targets: Lexicon) -> str | None:
    if _MODEL_NAME.fullmatch(lower):
        return None
    for table in (_LATIN, _LATIN_L, _CYRILLIC):
        word = lower.translate(table)
        if word in targets.words:
            return word
    return None


def _unmasked(lower: str, targets: Lexicon) -> str | None:
    if "**" in lower or lower.endswith("*"):
        stem = re.sub(r"\*{4,}", "***", lower)
        for cut in range(len(stem), max(stem.rfind("*"), 0), -1):
            if stem[:cut] in targets.masked and stem[cut:] in targets.endings:
                return targets.masked[stem[:cut]] + stem[cut:]
    known = sum(char.isalpha() for char in lower)
    if known < (3 if lower[-1] in "*#%" else 2) or not lower[0].isalpha():
        return None
    for word in targets.by_shape.get((lower[0], len(lower)), ()):
        if all(mask in ("*", "#", "%", char) for mask, char in zip(lower, word, strict=True)):
            return word
    return None


def _spelled(letters: str, separator: str, targets: Lexicon) -> list[str] | None:
    """The words that the letters spell, or None if they rather are single letters."""
    lower = letters.lower()
    if lower in targets.words:
        return [letters]
    if separator[0] not in _GENERAL or len(set(lower)) == 1 or _is_enumeration(lower):
        return None
    if separator[0] == " ":
        if all(char in targets.one_letter_words for char in lower) and len(letters) < 5:
            return None
        return _segmented(letters, targets) or [letters]
    return [letters]


def _is_enumeration(lower: str) -> bool:
    gaps = [ord(after) - ord(before) for before, after in zip(lower, lower[1:], strict=False)]
    return min(gaps) > 0 and gaps.count(1) * 2 >= len(gaps)


def _segmented(letters: str, targets: Lexicon) -> list[str] | None:
    """The letters as listed words and the words "a", "i", "u" between them, or None."""
    words: list[str] = []
    at = 0
    lower = letters.lower()
    while at < len(lower):
        size = next((n for n in range(min(16, len(lower) - at), 2, -1) if lower[at : at + n] in targets.words), 0)
        if not size and lower[at] not in "aiu":
            return None
        size = size or 1
        words.append(letters[at : at + size])
        at += size
    return words if any(len(word) > 1 for word in words) else None
