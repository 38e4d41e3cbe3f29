"""Unicode steps: surrogates, invisible characters, piles of combining marks, compatibility forms (NFKC)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from edgewise.text.characters import BOUND, INVISIBLE, PICTOGRAPHS, REORDERED
from edgewise.text.offsets import Draft, Edit

__all__ = ["cap_marks", "compose", "mend_surrogates", "strip_invisible"]

_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_LONE = re.compile("[\ud800-\udfff]")
_HIDDEN = re.compile(f"[{INVISIBLE}]+")
_PILE = re.compile(f"[{REORDERED}]{{4}}([{REORDERED}]+)")
_PICTOGRAPH = re.compile(f"[{PICTOGRAPHS}]")
_CLUSTER = re.compile(f"[^\\x00-\\x7f{BOUND}][{BOUND}]*|[\\x00-\\x7f]?[{BOUND}]+")

_ARABIC = re.compile("[\u0620-\u06ff\u0700-\u074f\u0750-\u07ff\u0840-\u085f\u08a0-\u08ff\u1800-\u18af\ufb50-\ufdff\ufe70-\ufefc]")
_INDIC = re.compile("[\u0900-\u0dff\u0f00-\u109f\u1780-\u17ff\u1a20-\u1aaf\u1b00-\u1bff\ua800-\ua82f\ua8e0-\ua8ff\uaae0-\uaaff\U00011000-\U00011fff]")
_VIRAMA = frozenset("\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca")
_JOINERS = "\u200c\u200d"
_TEXT_LIKE = re.compile("[\u0e33\u0eb3\u0587\u0edc\u0edd\u2122\u3131-\u318e\U0001f200-\U0001f2ff]")


def mend_surrogates(draft: Draft) -> bool:
    """Joins surrogate pairs that a bad decoder left apart; a lone surrogate becomes U+FFFD."""
    if _LONE.search(draft.text) is None:
        return False
    pairs = [(m.start(), m.end(), _joined(m[0])) for m in _PAIR.finditer(draft.text)]
    return draft.edit(pairs) | draft.substitute(_LONE, "\ufffd")


def strip_invisible(draft: Draft) -> bool:
    """Removes zero-width and bidirectional controls, but not those a script or an emoji needs."""
    edits: list[Edit] = []
    text = draft.text
    for match in _HIDDEN.finditer(text):
        start, end = match.span()
        kept = _kept(match[0], text[start - 1 : start], text[end : end + 1])
        if kept != match[0]:
            edits.append((start, end, kept))
    return draft.edit(edits)


def cap_marks(draft: Draft) -> bool:
    """Leaves at most four combining marks on a base."""
    return draft.substitute(_PILE, "", group=1)


def compose(draft: Draft) -> bool:
    """Brings the text to NFKC, cluster by cluster, except where that would lose something.

    Left alone are Hangul letters standing alone, Thai and Lao sara am, the Armenian ligature yew, the trade-mark
    sign, emoji, and accents standing alone (which NFKC turns into a space with a mark).
    """
    text = draft.text
    if unicodedata.is_normalized("NFKC", text):
        return False
    edits: list[Edit] = []
    for match in _CLUSTER.finditer(text):
        start, end = match.span()
        old = match[0]
        new = _composed(old)
        if new != old and text[end : end + 1] != "\ufe0f":
            edits.append((start, end, new))
    return draft.edit(edits)


def _joined(pair: str) -> str:
    return chr(0x10000 + ((ord(pair[0]) - 0xD800) << 10) + ord(pair[1]) - 0xDC00)


def _kept(run: str, left: str, right: str) -> str:
    """What stays of a run of invisible characters between two visible ones (empty at the ends of the text)."""
    if left == "\U0001f3f4":
        tags = "".join(char for char in run if "\U000e0020" <= char <= "\U000e007f")
        if tags:
            return tags
    picture = _PICTOGRAPH.match(left) is not None
    kept = ""
    if "\ufe0f" in run and (picture or (right == "\u20e3" and left in "0123456789#*" and left)):
        kept = "\ufe0f"
    if "\u200d" in run and picture and _PICTOGRAPH.match(right):
        return kept + "\u200d"
    if kept or not left:
        return kept
    joiner = next((char for char in run if char in _JOINERS), "")
    if _INDIC.match(left):
        return joiner if left in _VIRAMA or _INDIC.match(right) else ""
    return joiner if _ARABIC.match(left) and _ARABIC.match(right) else ""


@lru_cache(maxsize=4096)
def _composed(cluster: str) -> str:
    base = cluster[0]
    if base == "\u00b4":
        return "'" + unicodedata.normalize("NFKC", cluster[1:])
    if _TEXT_LIKE.match(base):
        return base + unicodedata.normalize("NFKC", cluster[1:])
    if "\uffa1" <= base <= "\uffdc":
        return chr(int(unicodedata.decomposition(base).split()[1], 16)) + unicodedata.normalize("NFKC", cluster[1:])
    new = unicodedata.normalize("NFKC", cluster)
    if new[0] == " " and len(new) > 1 and not base.isspace():
        return base + unicodedata.normalize("NFKC", cluster[1:])
    return new
