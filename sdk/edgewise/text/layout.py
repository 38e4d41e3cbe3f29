"""Controls, runs of one character, white space."""

from __future__ import annotations

import re

from edgewise.text.characters import lazily
from edgewise.text.offsets import Draft

__all__ = ["blank_controls", "collapse_space", "has_runs", "shorten_runs"]

_CONTROL = lazily("[\x00-\x08\x0e-\x1f\x7f-\x9f\u2800]")
_RUN = re.compile(r"(.)\1\1(\1+)")
find_run = _RUN.search
"""Finds the first run that `shorten_runs` may have to shorten, None where there is none."""
_LONG = lazily(r"[\s\d\U0001f1e6-\U0001f1ff]")
_SPACE = lazily(r"[^\S ]\s*| \s+")


def blank_controls(draft: Draft) -> None:
    """Replaces control characters and the blank braille cell by spaces."""
    if not draft.text.isprintable() or "\u2800" in draft.text:
        draft.replace_characters(_CONTROL(), " ")


def has_runs(text: str) -> bool:
    """Tells whether a text has more than three equal characters in a row.

    Args:
        text: The text.

    Returns:
        False if `shorten_runs` would leave it as it is.
    """
    return find_run(text) is not None


def shorten_runs(draft: Draft) -> None:
    """Leaves three of more than three equal characters in a row; white space, digits and flags stay."""
    if not has_runs(draft.text):
        return
    runs = [m for m in _RUN.finditer(draft.text) if not _LONG().match(m[1])]
    draft.edit([(m.start(2) - 1, m.end(2), m[1]) for m in runs])


def collapse_space(draft: Draft) -> bool:
    """Makes each stretch of white space one space and drops it at both ends."""
    text = draft.text
    if "  " not in text and text.isprintable() and text[:1] != " " and text[-1:] != " ":
        return False
    last = len(text.rstrip())
    first = len(text) - len(text.lstrip()) if last else 0
    edits = [(m.start(), m.end(), " ") for m in _SPACE().finditer(text, first, last)]
    if first:
        edits.insert(0, (0, first, ""))
    if last < len(text):
        edits.append((last, len(text), ""))
    return draft.edit(edits)
