"""The one way a text is prepared, for training and on the device alike."""

from __future__ import annotations

import re

from edgewise.text.characters import CALM, lazily
from edgewise.text.layout import blank_controls, collapse_space, find_run, shorten_runs
from edgewise.text.lookalikes import may_mix_scripts, restore_scripts
from edgewise.text.markup import fold_handles, fold_links, may_have_markup, strip_tags, unescape
from edgewise.text.obfuscation import may_be_disguised, undisguise
from edgewise.text.offsets import Draft, Normalized
from edgewise.text.spelled import find_spelled, join_spelled, may_be_spelled
from edgewise.text.unicode_forms import (
    cap_marks,
    compose,
    is_calm,
    is_settled,
    looks_settled,
    mend_surrogates,
    strip_invisible,
)

__all__ = ["Normalized", "normal_text", "normalize"]

_ROUNDS = 8

_ALONE = "&<@0-9$|*+#%€¡/"
_HARMLESS = r" A-Za-z\"'(),:;=?\[\\\]^`{}~" + CALM.replace("¡-", "¢-").replace("€", "")
_UNUSUAL = lazily(rf"[^{_HARMLESS}](?:(?<![\-_.!])|(?=[^\s.!_]))")
"""Finds nothing in most texts beyond ASCII; then they have no signs and nothing invisible or to compose."""

_SIGN = re.compile(rf"[{_ALONE}\-_.!](?:(?<=[{_ALONE}])|(?=[^\s.!_]))")
_find_sign = _SIGN.search


def normalize(text: str) -> Normalized:
    """Normalises a text and keeps the way back to the original.

    In order: surrogates; zero-width and bidirectional controls; combining marks (four a base); NFKC; HTML
    entities; control characters; HTML tags; runs of more than three; links to `http`; handles to `@user`;
    letters of another script inside a word; leetspeak and masks; letters spelled one by one; white space.
    Case is kept. Where a step brings up work for an earlier one the round is repeated, so that normalising
    again changes nothing.

    Args:
        text: Any string, lone surrogates and NUL included.

    Returns:
        The normalised text with its offsets into the original.

    Example:
        >>> normalize("  You sh1t,   f.u.c.k off!!!!!!  https://t.co/x1 ").text
        'You shit, fuck off!!! http'
        >>> normalize("Plain words stay.").starts is None
        True
    """
    return Normalized(text, len(text)) if _is_plain(text) else _rewritten(text).done()


def normal_text(text: str) -> str:
    """Does what `normalize` does where nobody asks for the way back; half of all texts stay as they are.

    >>> normal_text("Plain words stay.")
    'Plain words stay.'
    """
    return text if _is_plain(text) else _rewritten(text).text


def _rewritten(text: str) -> Draft:
    """Runs the steps until they find nothing more to do."""
    draft = Draft(text)
    for _ in range(_ROUNDS):
        if not _round(draft):
            break
    return draft


def _is_plain(text: str) -> bool:
    """Tells whether every step surely leaves a text as it is; half of all comments are like that."""
    return (
        (_are_signs_idle(text) and text.isprintable() if text.isascii() else _is_harmless(text))
        and "  " not in text
        and text[:1] != " "
        and text[-1:] != " "
        and find_run(text) is None
        and find_spelled(text) is None
    )


def _is_harmless(text: str) -> bool:
    """Tells whether a text beyond ASCII has idle signs only, and nothing invisible, to compose or mixed."""
    return (
        _UNUSUAL().search(text) is None
        # What is unusual and no sign is hardly ever calm, so the closer look comes first.
        or (_are_signs_idle(text) and text.isprintable() and (looks_settled(text) or is_calm(text)))
    ) and not may_mix_scripts(text)


def _are_signs_idle(text: str) -> bool:
    """Tells whether a text has no signs, or surely none that a step does anything about: prices, dates."""
    return _find_sign(text) is None or not (may_have_markup(text) or may_be_disguised(text))


def has_signs(text: str) -> bool:
    """Tells whether a text may have entities, tags, links, handles or disguised words.

    They all have a sign, or a dot, dash or the like inside. Most comments have none, so one search stands for
    those of five steps.
    """
    return _find_sign(text) is not None


def _round(draft: Draft) -> bool:
    """Runs every step once; tells whether any did something that may give an earlier step work."""
    again = False
    if not draft.text.isascii() and not is_settled(draft.text):
        mend_surrogates(draft)
        strip_invisible(draft)
        again = cap_marks(draft)
        if compose(draft):
            again |= strip_invisible(draft)
            again |= cap_marks(draft)
    signs = has_signs(draft.text)
    if signs:
        again |= unescape(draft)
    blank_controls(draft)
    if signs:
        again |= strip_tags(draft)
    shorten_runs(draft)
    if signs:
        fold_links(draft)
        again |= fold_handles(draft)
    if not draft.text.isascii():
        again |= restore_scripts(draft)
    if signs:
        again |= undisguise(draft)
    again |= join_spelled(draft)
    again |= collapse_space(draft) and may_be_spelled(draft.text)
    return again
