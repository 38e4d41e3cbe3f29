"""Texts for the language model: what is taken, repaired and left out."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from edgewise_cloud.catalogue import ALL_LICENCES, Catalogue, leak_key
from edgewise_cloud.train.language_labelled import labelled_lines

logger = logging.getLogger(__name__)

# Letters of the other code page, seen in old subtitles: "èekam" is "čekam".
_LATIN_REPAIR = str.maketrans("èæðÈÆÐ", "čćđČĆĐ")
_CYRILLIC_REPAIR = str.maketrans("èæðÈÆÐ", "чћђЧЋЂ")
_REPAIRED = frozenset({"hr", "bs", "sr"})
_SHORTEST_KEY = 8  # shorter lines ("Yes.") stand in every split of every source


@dataclass(frozen=True, slots=True)
class LanguageTexts:
    """Training lines.

    Attributes:
        by_class: Lines by class: a language, or `language@Script` for the second script of a language.
    """

    by_class: dict[str, list[str]]

    @property
    def rows(self) -> int:
        """Number of lines."""
        return sum(len(lines) for lines in self.by_class.values())


def _is_cyrillic(text: str) -> bool:
    return any("Ѐ" <= char <= "ӿ" for char in text)


def repair(text: str, language: str) -> str:
    """Mend the known damage of a line: letters of a wrong code page in hr, bs and sr.

    >>> repair("èekam te", "hr")
    'čekam te'
    """
    if language not in _REPAIRED:
        return text
    return text.translate(_CYRILLIC_REPAIR if _is_cyrillic(text) else _LATIN_REPAIR)


def class_of(text: str, language: str) -> str:
    """Return the class of a line: Serbian is written in two scripts, which share no n-gram.

    >>> class_of("Добар дан", "sr"), class_of("Dobar dan", "sr")
    ('sr@Cyrl', 'sr')
    """
    return "sr@Cyrl" if language == "sr" and _is_cyrillic(text) else language


def load_language_texts(
    catalogue: Catalogue,
    languages: Iterable[str],
    licences: Iterable[str],
    most: int,
    seed: int,
    labelled: int = 0,
    only_labelled: Collection[str] = (),
) -> LanguageTexts:
    """Collect up to `most` lines a language from langid's train split, then from the raw text.

    Texts of the labelled sets of the other tasks come on top.

    A line whose text stands in langid's test or dev split is left out, unless it is as short as "Yes.". A
    line found under two languages counts for the one that has it first.

    Args:
        catalogue: The data.
        languages: Languages wanted.
        licences: Allowed licence classes.
        most: Lines a language.
        seed: Of the choice among more.
        labelled: Texts a language from labelled sets.
        only_labelled: Languages that have no other lines.

    Returns:
        Lines by class; a language without any line is not in it.

    Raises:
        CatalogueError: the data can't be had.
    """
    wanted, licences = frozenset(languages), frozenset(licences)
    langid = catalogue.language("langid")
    held_out: set[str] = set()
    for split in ("test", "dev"):
        held_out.update(leak_key(text) for text in langid.load(split, ALL_LICENCES).texts)
    owner: dict[str, str] = {}
    pools: dict[str, list[list[str]]] = defaultdict(lambda: [[], [], []])
    leaks = 0
    sources = [file.load("train", licences) for file in (langid, catalogue.language("rawtext"))]
    pairs = [zip(rows.texts, rows.langs, strict=True) for rows in sources]
    extra = labelled_lines(catalogue, licences, sources[0], seed, only_labelled) if labelled else []
    for tier, source in enumerate((*pairs, extra)):
        for text, language in source:
            if language not in wanted:
                continue
            key = leak_key(text)
            if len(key) >= _SHORTEST_KEY and key in held_out:
                leaks += 1
            elif owner.setdefault(key, language) == language:
                pools[language][tier].append(text)
    logger.info("%d lines stand in test or dev: left out", leaks)
    rng = np.random.default_rng(seed)
    result: dict[str, list[str]] = defaultdict(list)
    for language, (first, second, third) in sorted(pools.items()):
        second = sorted(set(second) - set(first))
        third = sorted(set(third) - set(first) - set(second))
        lines = [first[row] for row in rng.permutation(len(first))[:most]]
        lines += [second[row] for row in rng.permutation(len(second))[: most - len(lines)]]
        lines += [third[row] for row in rng.permutation(len(third))[:labelled]]
        for line in lines:
            mended = repair(line, language)
            result[class_of(mended, language)].append(mended)
    return LanguageTexts(dict(sorted(result.items())))
