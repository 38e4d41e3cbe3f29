"""Controls, runs of one character, white space."""

from __future__ import annotations

import re

from edgewise.text.offsets import Draft

__all__ = ["blank_controls", "collapse_space", "shorten_runs"]

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u2800]")
_RUN = re.compile(r"([^\s\d\U0001f1e6-\U0001f1ff])\1{2}(\1+)")
_SPACES = re.compile(r"\A\s+|\s+\Z|(?! (?!\s))\s+")


def blank_controls(draft: Draft) -> bool:
    """Replaces control characters and the blank braille cell by spaces."""
    return draft.substitute(_CONTROL, " ")


def shorten_runs(draft: Draft) -> bool:
    """Leaves three of more than three equal characters in a row; digits and flags stay."""
    return draft.edit([(m.start(2) - 1, m.end(2), m[1]) for m in _RUN.finditer(draft.text)])


def collapse_space(draft: Draft) -> bool:
    """Makes each stretch of white space one space and drops it at both ends."""
    text = draft.text
    last = len(text)
    edits = [
        (m.start(), m.end(), "" if m.start() == 0 or m.end() == last else " ") for m in _SPACES.finditer(text)
    ]
    return draft.edit(edits)
