"""The words that are worth undisguising, read once from `obfuscated.json`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

__all__ = ["Lexicon", "is_target", "lexicon"]


class Lexicon(NamedTuple):
    """Targets of disguise.

    Attributes:
        words: Every form, lower case.
        by_shape: The forms a star may stand in, by (first letter, length), to resolve masks such as "f*ck".
        shortened: Shortened forms such as "f***", with what they stand for.
        endings: Endings that may follow a shortened form; the first is none.
        one_letter_words: Letters that are words in some language, so that three in a row may be a sentence.
    """

    words: frozenset[str]
    by_shape: dict[tuple[str, int], tuple[str, ...]]
    shortened: dict[str, str]
    endings: tuple[str, ...]
    one_letter_words: frozenset[str]


@cache
def lexicon() -> Lexicon:
    """Reads the data file; later calls return the same object.

    Returns:
        The lexicon.
    """
    data = json.loads(Path(__file__).with_name("obfuscated.json").read_text(encoding="utf-8"))
    words: set[str] = set()
    shapes: dict[tuple[str, int], list[str]] = {}
    for group in data["groups"]:
        forms = [stem + ending for ending in ["", *group["endings"]] for stem in group["stems"]]
        words.update(forms)
        for form in forms if group.get("stars", True) else ():
            shapes.setdefault((form[0], len(form)), []).append(form)
    return Lexicon(
        words=frozenset(words),
        by_shape={shape: tuple(forms) for shape, forms in shapes.items()},
        shortened=data["shortened"],
        endings=("", *data["shortened_endings"]),
        one_letter_words=frozenset(data["one_letter_words"]),
    )


def is_target(word: str) -> bool:
    """Tells whether a word, in whatever case, is one that people disguise.

    Args:
        word: The word, undisguised.

    Returns:
        True if it is in the list.
    """
    return word.lower() in lexicon().words
