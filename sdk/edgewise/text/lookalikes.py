"""Letters borrowed from another script: "р" (Cyrillic) in "рaypal" becomes the Latin letter it passes for."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

from edgewise.text.offsets import Draft, Edit

__all__ = ["restore_scripts"]

_FOREIGN = re.compile("[\u0370-\u03ff\u0400-\u052f\u0531-\u0587\u1d00-\u1d22\ua730\ua731\u0262\u026a\u0274\u0280\u0299\u029c\u029f]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SCRIPTS = {
    "latin": re.compile("[A-Za-z\u00c0-\u024f\u0250-\u02af\u1e00-\u1eff]"),
    "cyrillic": re.compile("[\u0400-\u052f]"),
    "greek": re.compile("[\u0370-\u03ff]"),
    "armenian": re.compile("[\u0531-\u0587]"),
}
_SMALL = re.compile("[\u1d00-\u1d22\ua730\ua731]")


def restore_scripts(draft: Draft) -> bool:
    """Gives words that mix scripts back to one script, if every foreign letter in them is a lookalike.

    A word wholly in one script is never touched.
    """
    if _FOREIGN.search(draft.text) is None:
        return False
    edits: list[Edit] = []
    for match in _WORD.finditer(draft.text):
        word = match[0]
        if word.isascii() or _FOREIGN.search(word) is None:
            continue
        new = _restored(word)
        if new != word:
            edits.append((match.start(), match.end(), new))
    return draft.edit(edits)


@cache
def _tables() -> dict[str, dict[str, str]]:
    data = json.loads((files("edgewise.text") / "lookalikes.json").read_text(encoding="utf-8"))
    del data["about"]
    return {name: dict(table) for name, table in data.items()}


def _restored(word: str) -> str:
    tables = _tables()
    if len(word) > 2 and _SMALL.search(word):
        word = "".join(tables["small_capitals"].get(char, char) for char in word)
    found = {name: len(script.findall(word)) for name, script in _SCRIPTS.items()}
    present = [name for name, count in found.items() if count]
    if len(present) < 2:
        return word
    for target in sorted(present, key=lambda name: -found[name]):
        new = _into(word, target)
        if new is not None:
            return new
    return word


def _into(word: str, target: str) -> str | None:
    """The word in the target script, or None if it holds a letter that has no lookalike there."""
    table = _tables().get(target)
    if table is None or re.match("[A-Z]{2}", word) and target != "latin":
        return None
    own = _SCRIPTS[target]
    letters = [char if own.match(char) else table.get(char) for char in word]
    return None if None in letters else "".join(char for char in letters if char)
