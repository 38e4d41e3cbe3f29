"""Texts of the labelled sets, which also say which language they are in: real comments, posts and reviews."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable

import numpy as np

from edgewise_cloud.catalogue import Catalogue, LanguageRows

logger = logging.getLogger(__name__)

_EACH = 8000  # texts of a set
_LONGEST = 400  # characters, as the lines of langid
# Of close languages one has reviews or tweets and the other none: they would draw its texts (found on dev).
_WITHOUT = frozenset({"hr", "bs", "sr", "id", "ms", "da", "nb", "nn", "tr"})
# Written in Latin letters or mixed with English.
_UNFIT = frozenset(
    {
        "sentiment/si_singlish_youtube",
        "sentiment/ur_roman_urdu",
        "sentiment/xx_dravidian_codemix",
        "toxicity/ur_roman_urdu_hsol",
    }
)


def is_latin(text: str) -> bool:
    """Return whether more letters of a text are plain Latin ones than are not.

    >>> is_latin("très bien"), is_latin("очень good"), is_latin("12")
    (True, False, False)
    """
    plain = sum(char.isascii() and char.isalpha() for char in text)
    return 2 * plain > sum(map(str.isalpha, text))


def labelled_lines(
    catalogue: Catalogue,
    licences: Iterable[str],
    usual: LanguageRows,
    seed: int,
    only_here: Collection[str] = (),
) -> list[tuple[str, str]]:
    """Take texts of the train splits of labelled sets.

    Args:
        catalogue: The data.
        licences: Allowed licence classes.
        usual: Lines that show how a language is usually written: texts in other letters are left out.
        seed: Of the choice among the texts of a set.
        only_here: Languages that no other lines are there of: their texts are taken as they are.

    Returns:
        Texts, each with its language.

    Raises:
        CatalogueError: a set can't be read.
    """
    balance: Counter[str] = Counter()
    for text, language in zip(usual.texts, usual.langs, strict=True):
        balance[language] += 1 if is_latin(text) else -1
    usually = {language: much > 0 for language, much in balance.items() if language not in _WITHOUT}
    rng = np.random.default_rng(seed)
    found: list[tuple[str, str]] = []
    for dataset in catalogue.datasets(licences=licences, tiers=("main",), split="train"):
        if dataset.name in _UNFIT:
            continue
        rows = dataset.load("train")
        for row in np.sort(rng.permutation(len(rows))[:_EACH]):
            text, language = rows.texts[row][:_LONGEST], rows.langs[row]
            fits = language in usually and is_latin(text) == usually[language]
            if fits or language in only_here:
                found.append((text, language))
    logger.info("%d texts of labelled sets", len(found))
    return found
