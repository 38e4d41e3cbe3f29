"""Rows of hand-written sentences and templates, balanced where models take words for deeds.

`identity`: sentences about groups of people. A model that met a group mostly in hateful texts takes the name
of the group for the hate; balanced rows mend that (Dixon et al., AIES 2018). `use`: insults that are quoted,
reported or answered, and the same insults said to somebody. `plain`: praise, complaint and facts without any
abuse. `negation`: judgements and their negations. All were written for this project; the suites of the gates
have others.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from edgewise_cloud.catalogue import Catalogue, Examples, leak_key
from edgewise_cloud.prepare.held_out import drop_leaks
from edgewise_cloud.prepare.store import load_examples, save_examples
from edgewise_cloud.teacher.rows import unlabelled
from edgewise_cloud.train.made.sentences import Labels, Sentences, filled, made_languages, sentences
from edgewise_cloud.train.made.templates import KINDS, side, template_languages, templates, texts_of
from edgewise_cloud.train.student_data import MADE
from edgewise_cloud.train.texts import normalize_all

logger = logging.getLogger(__name__)

IDENTITY = f"{MADE}identity"
USE, PLAIN, NEGATION = (f"{MADE}{kind}" for kind in KINDS)
_NAMES: Mapping[str, str] = {
    IDENTITY: "Made rows: sentences about groups of people",
    USE: "Made rows: abuse that is quoted, reported or answered, and the same words said to somebody",
    PLAIN: "Made rows: praise, complaint and facts without any abuse",
    NEGATION: "Made rows: judgements and their negations",
}
MADE_SOURCES: Mapping[str, Mapping[str, Any]] = {
    kind: {
        "name": name,
        "file": f"edgewise_cloud/train/{kind} (written for this project)",
        "licence": "Apache-2.0",
        "licence_class": "open",
    }
    for kind, name in _NAMES.items()
}
"""Where they come from, for the manifest."""

# Kinds that also label sentiment give fewer rows: as many as the others cost a point of it on real dev texts.
_FEWER = {"use": 1, "plain": 4, "negation": 4}
# Of each half, at most this share names no group.
_PLAIN = 0.25
# Share of the texts in lower case throughout, and share without the final full stop: as comments are written.
_LOWER, _BARE = 0.25, 0.2

Told = list[tuple[str, Labels]]


def every_made_row(languages: Sequence[str], seed: int, most: int) -> Examples:
    """Make rows of all kinds.

    Args:
        languages: Of the rows; those without sentences are passed over.
        seed: Of every choice.
        most: Rows of a language and kind, at most; a quarter of it of kinds that label sentiment.

    Returns:
        Normalised rows of the sets that `MADE_SOURCES` names.
    """
    kinds = (template_rows(kind, languages, seed, most // _FEWER[kind]) for kind in KINDS)
    return Examples.concat([made_rows(languages, seed, most), *kinds])


def template_rows(kind: str, languages: Sequence[str], seed: int, most: int) -> Examples:
    """Make rows of one of the `KINDS`.

    Args:
        kind: Which.
        languages: As for `every_made_row`.
        seed: As for `every_made_row`.
        most: Rows of a language, at most: as many of each side (harmless and toxic, or each sentiment).

    Returns:
        Normalised rows of the set of the kind. Of `use`, toxicity is labelled; of the other kinds also
        sentiment.
    """
    parts = [unlabelled([], [], f"{MADE}{kind}")]
    for language in sorted(set(languages) & set(template_languages(kind))):
        held = templates(kind, language)
        rng = np.random.default_rng([seed, *f"{kind} {language}".encode()])
        sides = sorted({side(name) for name in held.texts})
        of_sides = []
        for wanted in sides:
            names = [name for name in held.texts if side(name) == wanted]
            of_sides.append(list(texts_of(held, names, most // len(sides), rng)))
        each = min(map(len, of_sides))
        rows = [row for found in of_sides for row in found[:each]]
        texts = normalize_all([_as_written(text, language, rng) for text, _ in rows])
        part = unlabelled(texts, [language] * len(rows), f"{MADE}{kind}")
        part.toxicity[:] = np.array([labels for _, (_, labels) in rows]).reshape(part.toxicity.shape)
        part.sentiment[:] = np.array([sentiment for _, (sentiment, _) in rows], np.int64)
        parts.append(part)
    return Examples.concat(parts)


def made_rows(languages: Sequence[str], seed: int, most: int) -> Examples:
    """Make rows about groups of people.

    Args:
        languages: Of the rows; those without sentences are passed over.
        seed: Of every choice.
        most: Rows of a language, at most: half of them neutral, half hateful, all groups alike.

    Returns:
        Normalised rows of the set `IDENTITY`. Only toxicity is labelled: all attributes are 0 where the text
        is neutral (of a friendly one that swears, profanity is masked); where it is not, those are masked
        that the text is neither an example of nor plainly free of.
    """
    parts = [unlabelled([], [], IDENTITY)]
    for language in sorted(set(languages) & set(made_languages())):
        found = sentences(language)
        # A choice of its own for each language: which others are asked for changes nothing.
        rng = np.random.default_rng([seed, *language.encode()])
        good = _half(found, found.neutral, found.harmless, most // 2, rng)
        bad = _half(found, found.hateful, found.insults, most // 2, rng)
        each = min(len(good), len(bad))
        rows = good[:each] + bad[:each]
        part = unlabelled(normalize_all([text for text, _ in rows]), [language] * len(rows), IDENTITY)
        part.toxicity[:] = np.array([labels for _, labels in rows], np.float32).reshape(part.toxicity.shape)
        parts.append(part)
    return Examples.concat(parts)


def made_training_rows(
    catalogue: Catalogue, languages: Sequence[str], seed: int, most: int, work: Path
) -> Examples:
    """Make rows of all kinds, less those of a test split; a rerun reads them from the work folder.

    Args:
        catalogue: The data.
        languages: As for `every_made_row`.
        seed: As for `every_made_row`.
        most: As for `every_made_row`.
        work: Folder of the run.

    Raises:
        CatalogueError: A test split can't be read.
        RowsFileError: The rows can't be written.
        WorkFileError: The file of the work folder is broken.
    """
    path = work / "made.parquet"
    if path.exists():
        return load_examples(path)
    rows = drop_leaks(catalogue, every_made_row(languages, seed, most))
    logger.info("%d made rows", len(rows))
    save_examples(path, rows)
    return rows


def _half(
    found: Sentences,
    templates: Sequence[tuple[str, Labels]],
    plain: Sequence[tuple[str, Labels]],
    most: int,
    rng: np.random.Generator,
) -> Told:
    """Return up to `most` texts: some that name no group, then texts about all groups by turns."""
    whole = [plain[row] for row in rng.permutation(len(plain))[: int(_PLAIN * most)]]
    order = rng.permutation(len(templates))
    by_term = []
    for turn, place in enumerate(rng.permutation(len(found.terms))):
        # Each group begins with another template, so that templates come alike often, too.
        drawn = [templates[row] for row in np.roll(order, -turn)]
        made = [(filled(text, found.terms[place], found.language), labels) for text, labels in drawn]
        by_term.append([(text, labels) for text, labels in made if text is not None])
    turns = [row for rows in zip_longest(*by_term) for row in rows if row is not None]
    return _apart([*whole, *turns], found.language, rng)[:most]


def _apart(rows: Told, language: str, rng: np.random.Generator) -> Told:
    """Write some texts as comments are written, and leave out those that were there before."""
    seen: set[str] = set()
    kept = []
    for text, labels in rows:
        written = _as_written(text, language, rng)
        if leak_key(text) not in seen:
            seen.add(leak_key(text))
            kept.append((written, labels))
    return kept


def _as_written(text: str, language: str, rng: np.random.Generator) -> str:
    """Write some texts in lower case throughout, and some without the final full stop."""
    lower, bare = rng.random(2) < (_LOWER, _BARE)
    # Python does not know the lower case of the Turkish I.
    text = text.lower() if lower and language != "tr" else text
    return text.removesuffix(".") if bare else text
