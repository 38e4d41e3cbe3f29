"""From the catalogue to the token rows that a student is trained on."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from edgewise_cloud.catalogue import Catalogue, EmptySplitError, Examples, UnknownDatasetError
from edgewise_cloud.prepare.errors import NothingToTrainError
from edgewise_cloud.prepare.held_out import drop_leaks
from edgewise_cloud.train.texts import normalize_all
from edgewise_distill.student.data import LabelledTokens, encode
from edgewise_distill.student.subwords import train_tokenizer

__all__ = [
    "GROUPS",
    "MADE",
    "NothingToTrainError",
    "Prepared",
    "Sizes",
    "drop_leaks",
    "load_split",
    "make_tokenizer",
    "prepare",
    "raw_texts",
    "rows_of_epoch",
    "tokenizer_texts",
]

logger = logging.getLogger(__name__)

# Sets of one source that are one-sided alone: as one group they share a bias, so that the bias of the set
# can't explain the label away (all of Civil's rows are toxic, nearly none of the Wikipedia rows is).
GROUPS = {"toxicity/en_wiki_cat_large": "wiki-civil", "toxicity/en_civil_toxic_spans": "wiki-civil"}
# What the product means by its labels is what these sets mean: they have no bias of their own.
REFERENCE = frozenset(
    {
        "emotion/carer_emotion_en",
        "sentiment/en_semeval2017_tweets",
        "sentiment/en_sst",
        "toxicity/en_olid",
    }
)
LOW_TRUST = 0.45
MADE = "made/"
"""How the names of sets begin that were written for training: `edgewise_cloud.train.made`."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is taken.

    Attributes:
        vocabulary: Tokens of the tokenizer.
        max_tokens: Tokens of a training row.
        whole: Rows of a set that are visited in every epoch; of more rows, a thinned share.
        thinning: Power to which the rest is raised.
        texts_per_language: Texts of a language that the tokenizer learns from; five times as many of English.
        limit: Rows of each set at most, None for all: for a quick try.
        english: Share of the English rows of a set that is visited in an epoch.
        made_visits: How often made rows are visited in an epoch.
    """

    vocabulary: int = 32_000
    max_tokens: int = 96
    whole: int = 10_000
    thinning: float = 0.85
    texts_per_language: int = 18_000
    limit: int | None = None
    english: float = 1.0
    made_visits: int = 1


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows of a split: their labels, and their tokens with group numbers.

    Attributes:
        examples: As the catalogue gives them; `texts` are normalised.
        tokens: The same rows as tokens.
        groups: Names of the groups, by number.
    """

    examples: Examples
    tokens: LabelledTokens
    groups: tuple[str, ...]


def load_split(
    catalogue: Catalogue, split: str, licences: Iterable[str], limit: int | None, seed: int
) -> Examples:
    """Load all labelled sets of a split and normalise their texts.

    Args:
        catalogue: The data.
        split: train or dev.
        licences: Allowed licence classes.
        limit: Rows of each set at most.
        seed: Of the choice when there are more.

    Raises:
        NothingToTrainError: no set has rows.
        CatalogueError: a set can't be read.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for dataset in catalogue.datasets(split=split, licences=licences):
        part = dataset.examples(split)
        if limit is not None and len(part) > limit:
            part = part.take(np.sort(rng.permutation(len(part))[:limit]))
        parts.append(part)
    if not parts:
        raise NothingToTrainError(split, sorted(licences))
    examples = Examples.concat(parts)
    texts = normalize_all(examples.texts)
    logger.info("%s: %d rows of %d sets", split, len(texts), len(parts))
    return replace(examples, texts=texts)


def tokenizer_texts(labelled: Examples, raw: Mapping[str, Sequence[str]], each: int, seed: int) -> list[str]:
    """Choose the texts for the tokenizer: labelled and raw ones, `each` a language at most."""
    rng = np.random.default_rng(seed)
    pools: dict[str, list[str]] = defaultdict(list)
    for text, language in zip(labelled.texts, labelled.langs, strict=True):
        pools[language].append(text)
    for language, texts in raw.items():
        pools[language].extend(texts)
    chosen: list[str] = []
    for language, pool in sorted(pools.items()):
        size = min(each * (5 if language == "en" else 1), len(pool))
        chosen.extend(pool[row] for row in rng.permutation(len(pool))[:size])
    return chosen


def raw_texts(
    catalogue: Catalogue,
    licences: Iterable[str],
    each: int,
    seed: int,
    languages: Sequence[str] | None = None,
) -> dict[str, list[str]]:
    """Load unlabelled lines by language, `each` at most, normalised; none when there is no raw text."""
    try:
        rows = catalogue.language("rawtext").load("train", licences)
    except (UnknownDatasetError, EmptySplitError) as error:
        logger.info("no raw text: %s", error)
        return {}
    rng = np.random.default_rng(seed)
    places: dict[str, list[int]] = defaultdict(list)
    for place, language in enumerate(rows.langs):
        if languages is None or language in languages:
            places[language].append(place)
    chosen = {
        language: [found[row] for row in rng.permutation(len(found))[:each]]
        for language, found in places.items()
    }
    flat = normalize_all([rows.texts[place] for found in chosen.values() for place in found])
    result: dict[str, list[str]] = {}
    first = 0
    for language, found in chosen.items():
        result[language] = flat[first : first + len(found)]
        first += len(found)
    return result


def make_tokenizer(
    catalogue: Catalogue,
    train: Examples,
    licences: Iterable[str],
    sizes: Sizes,
    seed: int,
    path: Path,
    languages: Sequence[str] | None = None,
) -> Tokenizer:
    """Train the tokenizer, or read it from `path` where an earlier run left it."""
    if path.exists():
        return Tokenizer.from_file(str(path))
    raw = raw_texts(catalogue, licences, sizes.texts_per_language, seed, languages)
    texts = tokenizer_texts(train, raw, sizes.texts_per_language, seed)
    logger.info("tokenizer: %d texts", len(texts))
    tokenizer = train_tokenizer(texts, sizes.vocabulary)
    part = path.with_suffix(".part")
    tokenizer.save(str(part), pretty=False)
    part.replace(path)
    return tokenizer


def prepare(examples: Examples, tokenizer: Tokenizer, sizes: Sizes, groups: tuple[str, ...] = ()) -> Prepared:
    """Turn rows into tokens.

    Args:
        examples: Normalised rows.
        tokenizer: Of the student.
        sizes: `max_tokens` counts.
        groups: Names of known groups, those of the training rows; rows of other groups get group 0, as those
            of `REFERENCE` and made rows do. Empty: make them from these rows.
    """
    named = ["" if _speaks_for_all(name) else GROUPS.get(name, name) for name in examples.datasets]
    known = groups or ("", *sorted(set(named) - {""}))
    number = {name: place for place, name in enumerate(known)}
    flat, starts = encode(tokenizer, examples.texts, sizes.max_tokens)
    tokens = LabelledTokens(
        flat,
        starts,
        np.array([number.get(name, 0) for name in named], np.int64),
        examples.weights,
        examples.sentiment,
        examples.sentiment_allowed,
        examples.toxicity,
        examples.emotion,
    )
    return Prepared(examples, tokens, known)


def rows_of_epoch(prepared: Prepared, sizes: Sizes, rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose the rows of an epoch: small sets whole, large ones thinned, little trusted ones by half.

    Those of `REFERENCE` are visited whole, twice where they are small; made rows `sizes.made_visits` times.
    """
    tokens = prepared.tokens
    names, numbers = np.unique(np.array(prepared.examples.datasets), return_inverse=True)
    chosen, made = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for number, name in enumerate(names):
        rows = np.flatnonzero(numbers == number)
        if name.startswith(MADE):
            made.extend([rows] * sizes.made_visits)
            continue
        if name in REFERENCE:
            chosen.extend([rows] * (2 if len(rows) < 2 * sizes.whole else 1))
            continue
        size = min(len(rows), sizes.whole + max(len(rows) - sizes.whole, 0) ** sizes.thinning)
        if float(tokens.weight[rows].mean()) < LOW_TRUST:
            size = min(size, len(rows) / 2)
        chosen.append(rng.permutation(rows)[: int(size)])
    fewer = _with_less_english(np.concatenate(chosen), prepared.examples.langs, sizes.english, rng)
    return np.concatenate([fewer, *made])


def _speaks_for_all(name: str) -> bool:
    """Return whether a set has no bias of its own."""
    return name in REFERENCE or name.startswith(MADE)


def _with_less_english(
    rows: NDArray[np.int64], languages: Sequence[str], share: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    if share >= 1.0:
        return rows
    english = np.array(languages)[rows] == "en"
    kept: NDArray[np.int64] = rows[~english | (rng.random(len(rows)) < share)]
    return kept
