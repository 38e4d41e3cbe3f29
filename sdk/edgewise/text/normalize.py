"""The one way a text is prepared, for training and on the device alike."""

from __future__ import annotations

import re

from edgewise.text.layout import blank_controls, collapse_space, shorten_runs
from edgewise.text.lookalikes import restore_scripts
from edgewise.text.markup import fold_handles, fold_links, strip_tags, unescape
from edgewise.text.obfuscation import join_spelled, undisguise
from edgewise.text.offsets import Draft, Normalized
from edgewise.text.unicode_forms import cap_marks, compose, mend_surrogates, strip_invisible

__all__ = ["Normalized", "normalize"]

_ROUNDS = 6
_WORK = re.compile(
    r"[^ -~]|[&<@]|  |\A |\Z(?<= )|://|www\.|(?i:[a-z0-9]\.[a-z]{2,4}/)"
    r"|[A-Za-z][0-9$!|*+#%](?=[A-Za-z0-9$!|*+#%])|[0-9$!|*+#%][A-Za-z]"
    r"|([^ 0-9])\1{3}|(?<![A-Za-z0-9])[A-Za-z]([^A-Za-z0-9])[A-Za-z]\2[A-Za-z](?![A-Za-z0-9])"
)


def normalize(text: str) -> Normalized:
    """Normalises a text and keeps the way back to the original.

    In order: HTML entities; surrogates; zero-width and bidirectional controls; combining marks (four a base); NFKC;
    HTML tags; control characters; runs of more than three; links to ``http``; handles to ``@user``; letters of
    another script inside a word; leetspeak and masks; letters spelled one by one; white space. Case is kept. Where a
    step brings up work for an earlier one, the round is repeated, so that normalising again changes nothing.

    Args:
        text: any string, lone surrogates and NUL included.

    Returns:
        The normalised text with its offsets into the original.

    Example:
        >>> normalize("  You sh1t,   f.u.c.k off!!!!!!  https://t.co/x1 ").text
        'You shit, fuck off!!! http'
        >>> normalize("Plain words stay.").starts is None
        True
    """
    if text.isascii() and _WORK.search(text) is None:
        return Normalized(text, len(text))
    draft = Draft(text)
    for _ in range(_ROUNDS):
        if not _round(draft):
            break
    return draft.done()


def _round(draft: Draft) -> bool:
    """Runs every step once; tells whether any did something that may give an earlier step work."""
    again = unescape(draft)
    if not draft.text.isascii():
        again |= mend_surrogates(draft)
        again |= strip_invisible(draft)
        again |= cap_marks(draft)
        again |= compose(draft)
    again |= strip_tags(draft)
    blank_controls(draft)
    shorten_runs(draft)
    fold_links(draft)
    fold_handles(draft)
    if not draft.text.isascii():
        again |= restore_scripts(draft)
    again |= undisguise(draft)
    again |= join_spelled(draft)
    again |= collapse_space(draft)
    return again
