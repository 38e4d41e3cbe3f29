"""Files of templates with slots: `use/`, `plain/` and `negation/`, and the texts that are drawn from them.

A text may have `{slots}`, and so may what stands in a slot. `{Slot}` begins with a capital, `{slot2}` is a
second draw from the same list. A noun may begin with its gender (`f:la pizza`); an adjective lists a form for
each of the file's genders (`bon|bonne`) and takes the one of the first noun of the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import leak_key
from edgewise_cloud.train.made.sentences import capitalized, told

KINDS = ("use", "plain", "negation")
"""Folders with files of templates."""

HARMLESS, SWEARING = "harmless", "swearing"
_SLOT = re.compile(r"\{([^\W\d]+)(\d?)\}")
_GENDER = re.compile(r"^([a-z]):")
_FOLDER = files("edgewise_cloud.train.made")
_TOXICITY, _SENTIMENT = LABELS["toxicity"], LABELS["sentiment"]
# A template is done when so many draws in a row gave texts that were there already.
_MISSES = 25

Labels = NDArray[np.float32]
Said = tuple[int, Labels]
"""Index of the sentiment, -1 for unsaid, and the attributes of toxicity."""


@dataclass(frozen=True, slots=True)
class Templates:
    """What a file holds.

    Attributes:
        language: Its code.
        genders: Letters, in the order of the forms of adjectives; may be empty.
        slots: What may stand in a slot, by its name.
        texts: Templates by what they are examples of: a sentiment, `harmless`, `swearing` (harmless, and
            nothing is said of profanity), or attributes of toxicity as in `identity/`.
    """

    language: str
    genders: str
    slots: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, tuple[str, ...]]


def template_languages(kind: str) -> tuple[str, ...]:
    """Return the languages that a kind has templates in."""
    return tuple(sorted(path.name.removesuffix(".json") for path in (_FOLDER / kind).iterdir()))


@cache
def templates(kind: str, language: str) -> Templates:
    """Return the templates of a kind and one of its `template_languages`."""
    found = json.loads((_FOLDER / kind / f"{language}.json").read_text(encoding="utf-8"))
    slots = {name: tuple(values) for name, values in found["slots"].items()}
    return Templates(
        language,
        found.get("genders", ""),
        slots,
        {name: tuple(texts) for name, texts in found["texts"].items()},
    )


def side(name: str) -> str:
    """Return what templates are balanced by: a sentiment, `harmless` or `toxic`."""
    if name in _SENTIMENT:
        return name
    return HARMLESS if name in (HARMLESS, SWEARING) else "toxic"


def said(name: str) -> Said:
    """Return the labels of templates with this name."""
    if side(name) == "toxic":
        return -1, told(name)
    nothing = np.zeros(len(_TOXICITY), np.float32)
    if name == SWEARING:
        nothing[_TOXICITY.index("profanity")] = np.nan
    return (_SENTIMENT.index(name) if name in _SENTIMENT else -1), nothing


def drawn(held: Templates, template: str, rng: np.random.Generator) -> str:
    """Fill the slots of a template.

    Raises:
        KeyError: A slot is in no list.
    """
    chosen: dict[str, str] = {}
    text, names = template, _names(template)
    while names:
        for slot, turn in names:
            values = held.slots[slot]
            chosen.setdefault(slot + turn, values[rng.integers(len(values))])
        nested = [slot + turn for slot, turn in names if "{" in chosen[slot + turn]]
        if not nested:
            break
        opened = {name: chosen[name] for name in nested}
        text = _SLOT.sub(partial(_opened, opened, held.language), text)
        names = _names(text)
    genders = [found[1] for slot, turn in names if (found := _GENDER.match(chosen[slot + turn]))]
    place = held.genders.index(genders[0]) if genders else 0

    def form(found: re.Match[str]) -> str:
        value = _GENDER.sub("", chosen[(found[1] + found[2]).lower()])
        value = value.split("|")[place] if "|" in value else value
        return value if found[1].islower() else capitalized(value, held.language)

    return _SLOT.sub(form, text)


def texts_of(
    held: Templates, names: Sequence[str], most: int, rng: np.random.Generator
) -> Iterator[tuple[str, Said]]:
    """Yield up to `most` different texts of templates with these names, of all templates by turns."""
    queue = [(template, said(name)) for name in names for template in held.texts[name]]
    queue = [queue[place] for place in rng.permutation(len(queue))]
    misses = [0] * len(queue)
    seen: set[str] = set()
    while len(seen) < most and min(misses, default=_MISSES) < _MISSES:
        for place, (template, labels) in enumerate(queue):
            if misses[place] >= _MISSES or len(seen) >= most:
                continue
            text = drawn(held, template, rng)
            key = leak_key(text)
            misses[place] = misses[place] + 1 if key in seen else 0
            if key not in seen:
                seen.add(key)
                yield text, labels


def _names(text: str) -> list[tuple[str, str]]:
    return [(found[1].lower(), found[2]) for found in _SLOT.finditer(text)]


def _opened(opened: Mapping[str, str], language: str, found: re.Match[str]) -> str:
    """Return what stands in a slot where that has slots itself, else the slot."""
    value = opened.get((found[1] + found[2]).lower())
    if value is None or found[1].islower():
        return found[0] if value is None else value
    # The name of a slot has the capital of English, whatever the language.
    return f"{{{value[1].upper()}{value[2:]}" if value.startswith("{") else capitalized(value, language)
