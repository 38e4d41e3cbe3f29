"""When two texts count as the same, and what a row says, in a form that can be compared."""

from __future__ import annotations

import re
import unicodedata

import numpy as np

from edgewise.labels import LABELS, NON_TOXIC, TOXIC, TOXICITY
from edgewise_cloud.catalogue import Examples

LABELLED_TASKS = ("sentiment", "toxicity", "emotion")

# Vowel signs of the scripts of South and South-East Asia are marks, which `\w` does not take for letters.
_VOWEL_SIGNS = "".join(
    chr(code)
    for code in (*range(0x0900, 0x10A0), *range(0x1780, 0x1800))
    if unicodedata.category(chr(code)).startswith("M")
)
_DROPPED = re.compile(rf"[^\w\u2600-\u27bf\U0001f000-\U0001faff{_VOWEL_SIGNS}]+|_+")
_GLAD = re.compile(r"[:;=]['-]?[)\]D]")
_SAD = re.compile(r"[:;=]['-]?[(\[]")


def task_of(dataset: str) -> str:
    """Return the task of a set, told by its name.

    >>> task_of("toxicity/en_olid")
    'toxicity'
    """
    return dataset.split("/", 1)[0]


def same_text_key(text: str) -> str:
    """Return the form in which texts count as duplicates: case, blanks and punctuation do not matter.

    Emoji and smileys do, since a label may hang on them. A text of punctuation alone is its own key.

    >>> same_text_key("So GOOD, :)"), same_text_key("so good :("), same_text_key("?!")
    ('sogood☺', 'sogood☹', '?!')
    """
    plain = unicodedata.normalize("NFKC", text)
    if ":" in plain or ";" in plain or "=" in plain:
        plain = _SAD.sub("☹", _GLAD.sub("☺", plain))
    return _DROPPED.sub("", plain.casefold()) or plain.casefold().strip()


def sides(examples: Examples) -> list[str]:
    """Return what each row says on its own task, as a short text; rows with equal ones agree.

    A sentiment label; "toxic", "non-toxic" or, where that is masked, the attributes that are marked; emotions
    joined by "+".
    """
    place = LABELS["toxicity"].index(TOXICITY)
    names = np.array(LABELS["emotion"])
    out: list[str] = []
    emotions: dict[bytes, str] = {}
    marked = examples.emotion > 0
    for row, dataset in enumerate(examples.datasets):
        task = task_of(dataset)
        if task == "sentiment":
            label = int(examples.sentiment[row])
            out.append(LABELS["sentiment"][label] if label >= 0 else "")
        elif task == "toxicity":
            value = examples.toxicity[row, place]
            out.append(_attributes(examples, row) if np.isnan(value) else (NON_TOXIC, TOXIC)[int(value)])
        else:
            key = marked[row].tobytes()
            if key not in emotions:
                emotions[key] = "+".join(names[marked[row]].tolist())
            out.append(emotions[key])
    return out


def _attributes(examples: Examples, row: int) -> str:
    return "attributes " + "".join(str(int(place)) for place in np.flatnonzero(examples.toxicity[row] == 1))
