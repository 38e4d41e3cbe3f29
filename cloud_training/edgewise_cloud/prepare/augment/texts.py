"""What the kinds of augmentation have in common: their data files, and words of a text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

_WORD = re.compile(r"[^\W\d_]{2,}")
_PLACEHOLDER = re.compile(r"@user|http\b")


@cache
def data_of(kind: str) -> Any:
    """Return the data file of a kind."""
    return json.loads((files(__package__) / "data" / f"{kind}.json").read_text(encoding="utf-8"))


def pick(choices: Sequence[T], rng: np.random.Generator) -> T:
    """Return one of some things."""
    return choices[int(rng.integers(len(choices)))]


def words(text: str, shortest: int = 2) -> list[tuple[int, int]]:
    """Return where the words of a text begin and end; handles, links and hashtags are none.

    >>> words("@user this is it")
    [(6, 10), (11, 13), (14, 16)]
    """
    taken = [match.span() for match in _PLACEHOLDER.finditer(text)]
    return [
        match.span()
        for match in _WORD.finditer(text)
        if match.end() - match.start() >= shortest
        and (match.start() == 0 or text[match.start() - 1] not in "#@&")
        and not any(first <= match.start() < last for first, last in taken)
    ]


def spliced(text: str, span: tuple[int, int], new: str) -> str:
    """Return a text with a part of it replaced."""
    return text[: span[0]] + new + text[span[1] :]
