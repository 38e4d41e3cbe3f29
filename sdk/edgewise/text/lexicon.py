"""The words that are worth undisguising, read once from ``obfuscated.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Lexicon", "is_target", "lexicon"]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Targets of disguise.

    Attributes:
        words: every form, lower case.
        by_shape: forms by (first letter, length), commonest first, to resolve masks such as "f*ck".
        masked: shortened forms such as "f***" with what they stand for.
        endings: endings that may follow a shortened form.
        one_letter_words: letters that are words in some language, so that three in a row may be a sentence.
    """

    words: frozenset[str]
    by_shape: dict[tuple[str, int], tuple[str, ...]]
    masked: dict[str, str]
    endings: tuple[str, ...]
    one_letter_words: frozenset[str]


@cache
def lexicon() -> Lexicon:
    """Reads the data file; later calls return the same object.

    Returns:
        The lexicon.
    """
    data = json.loads((files("edgewise.text") / "obfuscated.json").read_text(encoding="utf-8"))
    forms: dict[str, None] = {}
    for language in data["words"].values():
        stems, endings = language["stems"], language["endings"]
        forms.update(dict.fromkeys(stems))
        forms.update(dict.fromkeys(stem + ending for ending in endings for stem in stems))
    shapes: dict[tuple[str, int], list[str]] = {}
    for form in forms:
        shapes.setdefault((form[0], len(form)), []).append(form)
    return Lexicon(
        words=frozenset(forms),
        by_shape={shape: tuple(words) for shape, words in shapes.items()},
        masked=data["masked"],
        endings=("", *data["words"]["en"]["endings"]),
        one_letter_words=frozenset(data["one_letter_words"]),
    )


def is_target(word: str) -> bool:
    """Tells whether a word, in whatever case, is one that people disguise.

    Args:
        word: the word, undisguised.

    Returns:
        True if it is in the list.
    """
    return word.lower() in lexicon().words
