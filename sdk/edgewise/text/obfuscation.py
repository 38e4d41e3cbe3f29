"""Disguised words: digits and signs for letters, stars for letters."""

from __future__ import annotations

from functools import lru_cache

from edgewise.text.characters import lazily
from edgewise.text.lexicon import is_target, lexicon
from edgewise.text.offsets import Draft, Edit

__all__ = ["may_be_disguised", "undisguise"]

_SIGNS = "@$!|*+#%€¡"
_HINT = lazily(
    rf"[0-9{_SIGNS}](?:(?<!#)(?!user\b)[^\W\d_]|(?<=[^\W\d_].)[^\W_{_SIGNS}]|(?<=[^\W\d_].)[@$|*+#%]|(?<=[^\W\d_]\*))"
)
_TOKEN = lazily(rf"(?<![\w{_SIGNS}])(?=[^\W\d_]*[0-9{_SIGNS}])(?=[\d{_SIGNS}]*[^\W\d_])[\w{_SIGNS}]+")
_LONGEST = 32

_LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "6": "b", "7": "t", "8": "b", "9": "g"}
_LEET |= {"@": "a", "$": "s", "!": "i", "|": "i", "+": "t", "€": "e", "¡": "i"}
_LEET_L = {**_LEET, "1": "l", "!": "l", "|": "l", "6": "g"}
_LEET_CYRILLIC = {"0": "о", "3": "з", "4": "ч", "6": "б", "@": "а", "$": "с", "!": "і"}
_TABLES = tuple(str.maketrans(table) for table in (_LEET, _LEET_L))
_CYRILLIC = str.maketrans(_LEET_CYRILLIC)
_MODEL_NAME = lazily(r"[^\W\d_]{1,2}\d+|\d+[^\W\d_]{1,2}")
_STARS = lazily(r"\*{4,}")
_ANY, _VOWELS = "*#%", "@!$&-_."
_PUNCTUATION = "!|+*#%_$@"
_DASH_HINT = lazily(r"[-_.][a-z]")
_DASHED = lazily(r"(?<![\w.'-])[A-Za-z]{1,4}[-_.][A-Za-z]{1,8}(?![\w'-]|\.\w)")


def may_be_disguised(text: str) -> bool:
    """Tells whether a word of a text may be disguised; if not, `undisguise` leaves it as it is."""
    return _HINT().search(text) is not None or _DASH_HINT().search(text) is not None


def undisguise(draft: Draft) -> bool:
    """Undoes leetspeak ("sh1t", "b!tch") and masks ("f*ck", "sh-t") in words of the list; all else stays.

    Numbers, versions, model names, Arabizi and the like are safe because only a listed word is ever written.
    """
    text = draft.text
    edits: list[Edit] = []
    if _HINT().search(text) is not None:
        for match in _TOKEN().finditer(text):
            token = match[0]
            found = _behind(token) if len(token) <= _LONGEST else None
            if found is not None:
                start = match.start() + found[0]
                edits.append((start, start + found[1], found[2]))
    changed = draft.edit(edits)
    if _DASH_HINT().search(draft.text) is not None:
        words = [(m.start(), m.end(), _masked(m[0])) for m in _DASHED().finditer(draft.text) if len(m[0]) > 3]
        changed |= draft.edit([(start, end, word) for start, end, word in words if word is not None])
    return changed


@lru_cache(maxsize=4096)
def _behind(token: str) -> tuple[int, int, str] | None:
    """The listed word behind a token, as (place in the token, length there, word), or None."""
    core = token.lstrip("#*+|!%_")
    place = len(token) - len(core)
    tried = ""
    for ending in ("!|+", "!|+#%_$@"):
        core = core.rstrip(ending)
        if len(core) < 3 or core == tried or is_target(core.rstrip(_PUNCTUATION)):
            return None
        tried = core
        word = _masked(core) if any(map(core.__contains__, _ANY)) else _leet(core)
        if word is not None:
            return place, len(core), word
    return None


def _leet(core: str) -> str | None:
    lower = core.lower()
    if lower == core.upper():
        return None
    words = lexicon().words
    for table in _TABLES if core[0].isascii() else (_CYRILLIC,):
        word = lower.translate(table)
        if word in words:
            return None if _is_name(lower) else _in_case(core, word)
    return _masked(core) if "@" in core or "!" in core else None


def _masked(core: str) -> str | None:
    """The listed word behind stars; half of it must be known, and four letters if its end is masked."""
    targets = lexicon()
    lower = core.lower()
    if "*" in lower:
        stem = _STARS().sub("***", lower)
        for cut in range(len(stem), stem.rfind("*"), -1):
            if stem[:cut] in targets.shortened and stem[cut:] in targets.endings:
                return _in_case(core, targets.shortened[stem[:cut]] + stem[cut:])
    known = sum(map(str.isalpha, lower))
    if known < (2 if lower[-1].isalpha() else 4) or 2 * known < len(lower):
        return None
    for word in targets.by_shape.get((lower[0], len(lower)), ()):
        if all(map(_fits, lower, word)):
            return _in_case(core, word)
    return None


def _fits(mask: str, char: str) -> bool:
    return mask == char or mask in _ANY or (mask in _VOWELS and char in "aeiouyаеиоуыюяёэі")


def _is_name(lower: str) -> bool:
    """True for what rather is the name of a model or a road ("a55"): a letter or two beside digits."""
    return _MODEL_NAME().fullmatch(lower) is not None


def _in_case(core: str, word: str) -> str:
    letters = [char for char in core if char.isalpha()]
    if len(letters) > 1 and all(map(str.isupper, letters)):
        return word.upper()
    return word[0].upper() + word[1:] if core[0].isupper() else word
