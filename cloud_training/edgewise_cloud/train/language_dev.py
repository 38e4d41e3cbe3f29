"""Dev texts of the language model, whole and cut short: what its few fitted numbers are fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import UNDETERMINED
from edgewise_cloud.catalogue import ALL_LICENCES, Catalogue
from edgewise_cloud.train.language_data import class_of
from edgewise_cloud.train.language_made import Strays, packaged_rules
from edgewise_distill.language.noise import noise

# Hardly any training line is like these. Talks and tweets are not either, but of close languages only one has
# them, and more weight would favour that one.
_EDITED = frozenset({"ud", "ud-web", "news", "spoken"})
_EDITED_WEIGHT = 3.0


def first_words(text: str, words: int) -> str:
    """Return the first words of a text; where words are not set apart, two characters count as one.

    >>> first_words("now or never", 2), first_words("今日はいい天気", 2)
    ('now or', '今日はい')
    """
    parts = text.split()
    if len(parts) > words:
        return " ".join(parts[:words])
    if any("぀" <= char <= "鿿" or "฀" <= char <= "๿" for char in text):
        return text[: 2 * words]
    return text


@dataclass(frozen=True, slots=True)
class DevRows:
    """Dev texts whole and cut short.

    Attributes:
        texts: n texts.
        right: [n, classes], the classes of the text's language.
        weight: [n], how much the text counts.
    """

    texts: list[str]
    right: NDArray[np.bool_]
    weight: NDArray[np.float32]

    def sample(self, rows: int, seed: int) -> DevRows:
        """Return so many rows at most, chosen by chance."""
        chosen = np.random.default_rng(seed).permutation(len(self.texts))[:rows]
        return DevRows([self.texts[row] for row in chosen], self.right[chosen], self.weight[chosen])


def dev_rows(catalogue: Catalogue, classes: tuple[str, ...], seed: int) -> DevRows:
    """Take langid's dev split, whole and cut to two words and to one, without strays, and some noise."""
    rows = catalogue.language("langid").load("dev", ALL_LICENCES)
    strays = Strays(packaged_rules())
    place = {name: index for index, name in enumerate(classes)}
    texts: list[str] = []
    owners: list[int] = []
    weight: list[float] = []
    for text, language, domain in zip(rows.texts, rows.langs, rows.domains, strict=True):
        name = class_of(text, language)
        if name not in place or strays.has(text, name):
            continue
        trust = _EDITED_WEIGHT if domain in _EDITED else 1.0
        for part, factor in ((text, 1.0), (first_words(text, 2), 0.3), (first_words(text, 1), 0.1)):
            texts.append(part)
            owners.append(place[name])
            weight.append(trust * factor)
    extra = noise(300, seed + 1)
    texts += extra
    owners += [place[UNDETERMINED]] * len(extra)
    weight += [1.0] * len(extra)
    right = np.zeros((len(texts), len(classes)), bool)
    right[np.arange(len(texts)), owners] = True
    for name, index in place.items():
        base = name.split("@")[0]
        if base != name and base in place:  # either script of a language is right
            right[:, index] |= right[:, place[base]]
            right[:, place[base]] |= right[:, index]
    return DevRows(texts, right, np.array(weight, np.float32))
