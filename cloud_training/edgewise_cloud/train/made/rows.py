"""Rows of hand-written sentences about groups of people, as many neutral ones as hateful ones.

A model that met a group mostly in hateful texts takes the name of the group for the hate; balanced rows mend
that (Dixon et al., AIES 2018). All sentences were written for this project; the suites of the gates have
others.
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
from edgewise_cloud.train.student_data import MADE
from edgewise_cloud.train.texts import normalize_all

logger = logging.getLogger(__name__)

IDENTITY = f"{MADE}identity"
MADE_SOURCES: Mapping[str, Mapping[str, Any]] = {
    IDENTITY: {
        "name": "Made rows: sentences about groups of people",
        "file": "edgewise_cloud/train/made/identity (written for this project)",
        "licence": "Apache-2.0",
        "licence_class": "open",
    }
}
"""Where they come from, for the manifest."""

# Of each half, at most this share names no group.
_PLAIN = 0.25
# Share of the texts in lower case throughout, and share without the final full stop: as comments are written.
_LOWER, _BARE = 0.25, 0.2

Told = list[tuple[str, Labels]]


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
    """Make rows, less those whose text stands in a test split; a rerun reads them from the work folder.

    Args:
        catalogue: The data.
        languages: As for `made_rows`.
        seed: As for `made_rows`.
        most: As for `made_rows`.
        work: Folder of the run.

    Raises:
        CatalogueError: A test split can't be read.
        RowsFileError: The rows can't be written.
        WorkFileError: The file of the work folder is broken.
    """
    path = work / "made.parquet"
    if path.exists():
        return load_examples(path)
    rows = drop_leaks(catalogue, made_rows(languages, seed, most))
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
        lower, bare = rng.random(2) < (_LOWER, _BARE)
        if leak_key(text) in seen:
            continue
        seen.add(leak_key(text))
        # Python does not know the lower case of the Turkish I.
        written = text.lower() if lower and language != "tr" else text
        kept.append((written.removesuffix(".") if bare else written, labels))
    return kept
