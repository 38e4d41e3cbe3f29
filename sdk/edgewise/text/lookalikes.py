"""Letters borrowed from another script: "р" (Cyrillic) in "рaypal" becomes the Latin letter it passes for."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from pathlib import Path

from edgewise.text.characters import char_class, lazily
from edgewise.text.offsets import Draft, Edit

__all__ = ["may_mix_scripts", "restore_scripts"]

_LATIN = "A-Za-z" + char_class("C0-D6 D8-F6 F8-2AF 1E00-1EFF")
_OTHER = char_class("370-3FF 400-52F 531-587")
_SMALL = char_class("1D00-1D22 1D29 A730-A731")
_MIXED_HINT = lazily(f"[{_OTHER}{_SMALL}]")
_MIXED = lazily(f"[{_OTHER}{_SMALL}](?:[{_LATIN}]|(?<=[{_LATIN}].)|(?<=[{_SMALL}]))")
_WORD = lazily(r"[^\W\d_]{2,}")
_SMALL_CAPITAL = lazily(f"[{_SMALL}]")
_ABBREVIATION = lazily("[A-Z]{2}")
_UNITS = frozenset("Ωμ")
_SCRIPTS = {
    "latin": lazily(f"[{_LATIN}]"),
    "cyrillic": lazily(f"[{char_class('400-52F')}]"),
    "greek": lazily(f"[{char_class('370-3FF')}]"),
    "armenian": lazily(f"[{char_class('531-587')}]"),
}


def may_mix_scripts(text: str) -> bool:
    """Tells whether a word of a text may mix scripts; if not, `restore_scripts` leaves it as it is."""
    first = _MIXED_HINT().search(text)
    if first is None:
        return False
    if _SCRIPTS["latin"]().search(text) is None:  # the usual Russian or Greek text
        return _SMALL_CAPITAL().search(text) is not None
    return _MIXED().search(text, first.start()) is not None


def restore_scripts(draft: Draft) -> bool:
    """Gives words that mix scripts back to one script, if every foreign letter in them is a lookalike.

    A word wholly in one script is never touched.
    """
    text = draft.text
    if not may_mix_scripts(text):
        return False
    home = _scripts_by_use(text)
    edits: list[Edit] = []
    for match in _WORD().finditer(text):
        word = match[0]
        if not word.isascii() and _MIXED().search(word) is not None:
            new = _restored(word, home)
            if new != word:
                edits.append((match.start(), match.end(), new))
    return draft.edit(edits)


@cache
def _tables() -> dict[str, dict[int, str]]:
    data = json.loads(Path(__file__).with_name("lookalikes.json").read_text(encoding="utf-8"))
    return {name: str.maketrans(data[name]) for name in ("latin", "cyrillic", "greek", "small_capitals")}


@lru_cache(maxsize=2048)
def _restored(word: str, home: tuple[str, ...]) -> str:
    """The word in one script: the one with the most letters in it, of equals the first in `home`."""
    if len(word) < 4 and not _UNITS.isdisjoint(word):
        return word
    if len(word) > 2 and _SMALL_CAPITAL().search(word):
        word = word.translate(_tables()["small_capitals"])
    present = _scripts_by_use(word, home)
    for target in present if len(present) > 1 else ():
        new = _into(word, target, [name for name in present if name != target])
        if new is not None:
            return new
    return word


def _scripts_by_use(text: str, order: tuple[str, ...] = tuple(_SCRIPTS)) -> tuple[str, ...]:
    """The scripts that a text is written in, the most used first."""
    counts = {name: len(_SCRIPTS[name]().findall(text)) for name in order}
    return tuple(sorted(filter(counts.__getitem__, order), key=lambda name: -counts[name]))


def _into(word: str, target: str, others: list[str]) -> str | None:
    """The word in the target script, or None if it holds a letter that has no lookalike there."""
    table = _tables().get(target)
    if table is None or (target != "latin" and _ABBREVIATION().match(word)):
        return None
    new = word.translate(table)
    return None if any(_SCRIPTS[other]().search(new) for other in others) else new
