"""The hand-written sentences of a language, and how templates and groups become texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import LABELS

_SLOT = re.compile(r"\{(\w+)\}")
_NAMES = LABELS["toxicity"]
_FOLDER = files("edgewise_cloud.train.made") / "identity"
# Which attributes no sentence has, in any language.
_NEVER = ("sexually_explicit",)

Labels = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sentences:
    """What a file of `identity/` holds.

    Attributes:
        language: Its code.
        terms: Groups of people; by name, the forms that templates use. A group may lack a form.
        neutral: Templates of texts that only name a group, or stand up for it.
        hateful: Templates of texts against a group, with their labels.
        harmless: Texts that sound bad and are not, with their labels: those that swear in a friendly way say
            nothing of profanity.
        insults: Texts that are toxic without naming a group, with their labels.
    """

    language: str
    terms: tuple[Mapping[str, str], ...]
    neutral: tuple[tuple[str, Labels], ...]
    hateful: tuple[tuple[str, Labels], ...]
    harmless: tuple[tuple[str, Labels], ...]
    insults: tuple[tuple[str, Labels], ...]


def made_languages() -> tuple[str, ...]:
    """Return the languages that there are sentences in."""
    return tuple(sorted(path.name.removesuffix(".json") for path in _FOLDER.iterdir()))


@cache
def sentences(language: str) -> Sentences:
    """Return the sentences of a language out of `made_languages`."""
    found = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    nothing, swearing = np.zeros(len(_NAMES), np.float32), np.zeros(len(_NAMES), np.float32)
    swearing[_NAMES.index("profanity")] = np.nan
    harmless = [(text, nothing) for text in found["harmless"]]
    return Sentences(
        language,
        tuple(found["terms"]),
        tuple((text, nothing) for text in found["neutral"]),
        tuple(_told(found["hateful"])),
        (*harmless, *((text, swearing) for text in found["swearing"])),
        tuple(_told(found["insults"])),
    )


def _told(kinds: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Labels]]:
    """Yield toxic texts with their labels."""
    for kind, texts in kinds.items():
        labels = told(kind)
        yield from ((text, labels) for text in texts)


def told(kind: str) -> Labels:
    """Return the labels of a toxic kind; `insult -threat` means: an insult, no threat, the rest unsaid."""
    labels = np.full(len(_NAMES), np.nan, np.float32)
    labels[_NAMES.index("toxicity")] = 1.0
    for name in (*kind.split(), *(f"-{name}" for name in _NEVER)):
        labels[_NAMES.index(name.removeprefix("-"))] = float(not name.startswith("-"))
    return labels


def capitalized(word: str, language: str) -> str:
    """Return a word with a capital first letter: İ for the Turkish i."""
    first = "İ" if language == "tr" and word[:1] == "i" else word[:1].upper()
    return first + word[1:]


def filled(template: str, term: Mapping[str, str], language: str) -> str | None:
    """Put a group into a template; a slot with a capital takes its form with a capital.

    Returns:
        The text; None where the group lacks a form.

    >>> filled("{Many} sing, {many} dance.", {"many": "men"}, "en")
    'Men sing, men dance.'
    """
    names = _SLOT.findall(template)
    if any(name.lower() not in term for name in names):
        return None

    def form(match: re.Match[str]) -> str:
        name = match[1]
        return term[name] if name.islower() else capitalized(term[name.lower()], language)

    return _SLOT.sub(form, template)
