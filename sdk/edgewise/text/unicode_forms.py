"""Unicode steps: surrogates, invisible characters, piles of combining marks, compatibility forms (NFKC)."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from edgewise.text.characters import (
    BOUND,
    CALM,
    INVISIBLE,
    PICTOGRAPHS,
    REORDERED,
    char_class,
    coarse,
    lazily,
)
from edgewise.text.offsets import Draft, Edit

__all__ = [
    "cap_marks",
    "compose",
    "is_calm",
    "is_settled",
    "looks_settled",
    "mend_surrogates",
    "strip_invisible",
]

_PAIR = lazily("[\ud800-\udbff][\udc00-\udfff]")
_LONE = lazily("[\ud800-\udfff]")
_UNCALM = lazily(f"[^\\x00-\\x7f{CALM}]")
_UNSEEN = lazily(f"[\ud800-\udfff\u2800{INVISIBLE}]")
_HIDDEN = lazily(f"[{INVISIBLE}][{INVISIBLE}]*")
_PILE = lazily(f"[{REORDERED}](?:[{REORDERED}]{{3}})([{REORDERED}]+)")
_PILE_HINT = lazily(r"[^\x00-\u02ff\w][^\x00-\u02ff\w]{4}")
_PICTOGRAPH = lazily(f"[{PICTOGRAPHS}]")
_JOINING = lazily(f"[{char_class('620-6FF 700-7FF 840-85F 8A0-8FF 1800-18AF FB50-FDFF FE70-FEFC')}]")
_INDIC = lazily(f"[{char_class('900-DFF F00-109F 1780-17FF 1A20-1BFF A800-A82F A8E0-A8FF 11000-11FFF')}]")
_VIRAMA = frozenset("\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca")

_BOUND_HINT = lazily(f"[{coarse(BOUND)}]")
_BOUND = lazily(f"[{BOUND}]")
_CLUSTER = lazily(f"[^\\x00-\\x7f{BOUND}][{BOUND}]*|[\\x00-\\x7f]?[{BOUND}]+")
_SPOILED = char_class("""
A8 AF B8 2D8-2DD 37A 384-385 587 E33 EB3 EDC-EDD 1FBD 1FBF-1FC1 1FCD-1FCF 1FDD-1FDF 1FED-1FEE 1FFE 2017 203E
2122 309B-309C 3131-318E FE33-FE40 FFE3 1F200-1F2FF
""")
"""What NFKC would spoil: Hangul letters standing alone, Thai and Lao letters, the Armenian yew, the trade
mark, emoji, the arms of kaomoji, accents standing alone (which would become a space with a mark)."""
_STAYS = lazily(f"[{_SPOILED}]")


def is_calm(text: str) -> bool:
    """Tells whether the steps of this module surely leave a text as it is."""
    return _UNCALM().search(text) is None


def is_settled(text: str) -> bool:
    """Tells the same as `is_calm`, of more texts, by looking closer; blank braille cells are not settled."""
    return is_calm(text) or looks_settled(text)


def looks_settled(text: str) -> bool:
    """Tells the same of texts that are not calm."""
    return (
        _UNSEEN().search(text) is None
        and _PILE_HINT().search(text) is None
        and unicodedata.is_normalized("NFKC", text)
    )


def mend_surrogates(draft: Draft) -> bool:
    """Joins surrogate pairs that a bad decoder left apart; a lone surrogate becomes U+FFFD."""
    if _LONE().search(draft.text) is None:
        return False
    pairs = [(m.start(), m.end(), _joined(m[0])) for m in _PAIR().finditer(draft.text)]
    return draft.edit(pairs) | draft.replace_characters(_LONE(), "\ufffd")


def strip_invisible(draft: Draft) -> bool:
    """Removes zero-width and bidirectional controls, but not those that a script or an emoji needs."""
    edits: list[Edit] = []
    text = draft.text
    for match in _HIDDEN().finditer(text):
        start, end = match.span()
        run = match[0]
        kept = _kept(run, text[start - 1 : start], text[end : end + 1])
        if kept != run:
            edits.append((start, end, kept))
    return draft.edit(edits)


def cap_marks(draft: Draft) -> bool:
    """Leaves at most four combining marks on a base."""
    if _PILE_HINT().search(draft.text) is None:
        return False
    return draft.edit([(m.start(1), m.end(1), "") for m in _PILE().finditer(draft.text)])


def compose(draft: Draft) -> bool:
    """Brings the text to NFKC, cluster by cluster, except where that would lose something.

    An acute standing alone becomes an apostrophe, for which people type it.
    """
    text = draft.text
    if unicodedata.is_normalized("NFKC", text) or unicodedata.is_normalized("NFKC", _STAYS().sub("x", text)):
        return False
    if "\ufe0f" not in text and not _has_bound(text):
        new = text.translate(_FORMS)
        if len(new) == len(text):
            draft.text = new
            return new != text
    edits: list[Edit] = []
    for match in _CLUSTER().finditer(text):
        old = match[0]
        new = _composed(old)
        if new != old and text[match.end() : match.end() + 1] != "\ufe0f":
            edits.append((match.start(), match.end(), new))
    return draft.edit(edits)


def _has_bound(text: str) -> bool:
    return _BOUND_HINT().search(text) is not None and _BOUND().search(text) is not None


def _joined(pair: str) -> str:
    return chr(0x10000 + ((ord(pair[0]) - 0xD800) << 10) + ord(pair[1]) - 0xDC00)


@lru_cache(maxsize=1024)
def _kept(run: str, left: str, right: str) -> str:
    """What stays of a run of invisible characters between its neighbours (empty at the ends of the text)."""
    if left == "\U0001f3f4":
        tags = "".join(char for char in run if "\U000e0020" <= char <= "\U000e007f")
        if tags:
            return tags
    picture = _PICTOGRAPH().match(left) is not None
    keycap = right == "\u20e3" and left != "" and left in "0123456789#*"
    kept = "\ufe0f" if "\ufe0f" in run and (picture or keycap) else ""
    if picture and "\u200d" in run and _PICTOGRAPH().match(right):
        return kept + "\u200d"
    if kept or not left:
        return kept
    joiner = next((char for char in run if char in "\u200c\u200d"), "")
    if _INDIC().match(left):
        return joiner if left in _VIRAMA or _INDIC().match(right) else ""
    return joiner if _JOINING().match(left) and _JOINING().match(right) else ""


@lru_cache(maxsize=4096)
def _composed(cluster: str) -> str:
    base, marks = cluster[0], unicodedata.normalize("NFKC", cluster[1:])
    if _STAYS().match(base):
        return base + marks
    if base == "\u00b4":
        return "'" + marks
    if "\uffa1" <= base <= "\uffdc":  # half-width Hangul letters: the full-width ones
        return chr(int(unicodedata.decomposition(base).split()[1], 16)) + marks
    new = unicodedata.normalize("NFKC", cluster)
    return base + marks if new[0] == " " and len(new) > 1 and base != new[0] else new


class _Forms(dict[int, str]):
    """The compatibility form of each character met, for `str.translate`."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        form = self[code] = char if code < 128 else _composed(char)
        return form


_FORMS = _Forms()
