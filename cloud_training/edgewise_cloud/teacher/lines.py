"""The texts of masked language modelling: raw lines, sentences, translations, and the training rows' own."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from edgewise_cloud.catalogue import Catalogue, Examples, UnknownDatasetError
from edgewise_cloud.prepare.held_out import held_out
from edgewise_cloud.prepare.store import load_examples, save_examples
from edgewise_cloud.teacher.align import FILE, load_pairs
from edgewise_cloud.teacher.errors import NoRawTextError
from edgewise_cloud.teacher.recipe import MaskedPretraining, TeacherRecipe
from edgewise_cloud.teacher.rows import unlabelled
from edgewise_cloud.train.language_data import load_language_texts
from edgewise_cloud.train.student_data import raw_texts
from edgewise_cloud.train.texts import normalize_all

logger = logging.getLogger(__name__)
RAW, SENTENCES, PAIRS = "language/rawtext", "language/langid", "language/parallel"


def pretraining_lines(
    catalogue: Catalogue, recipe: TeacherRecipe, train: Examples, licences: Iterable[str], work: Path
) -> Examples:
    """Return the lines of a recipe's pre-training; a rerun reads those that are no rows from the work folder.

    None of them stands in a test split.

    Args:
        catalogue: The data.
        recipe: With a part `pretraining`.
        train: Training rows.
        licences: Licence classes that may be trained on.
        work: Folder of lines.parquet.

    Raises:
        NoRawTextError: There are none.
        CatalogueError: The data can't be had.
        WorkFileError: A file of the work folder is broken.
    """
    assert recipe.pretraining is not None
    path = work / "lines.parquet"
    if path.exists():
        lines = load_examples(path)
    else:
        lines = _gathered(catalogue, recipe, recipe.pretraining, frozenset(licences))
        save_examples(path, lines)
    if recipe.pretraining.labelled:
        known = set(lines.texts)
        own = [text for text in dict.fromkeys(train.texts) if text not in known]
        lines = Examples.concat([lines, unlabelled(own, ["und"] * len(own), "")])
    if not len(lines):
        raise NoRawTextError(recipe.name, recipe.languages)
    return lines


def _gathered(
    catalogue: Catalogue, recipe: TeacherRecipe, settings: MaskedPretraining, licences: frozenset[str]
) -> Examples:
    seed, languages = recipe.training.seed, recipe.languages
    parts = [_raw(catalogue, recipe, settings.texts, licences)]
    if settings.sentences:
        parts.append(_sentences(catalogue, recipe, settings.sentences, licences))
    if settings.pairs and (catalogue.root / FILE).is_file():
        found = load_pairs(catalogue, settings.pairs, seed)
        wanted = [
            f"{english} {other}"
            for english, other, code in zip(found.english, found.other, found.languages, strict=True)
            if languages is None or code in languages
        ]
        parts.append(unlabelled(normalize_all(wanted), ["und"] * len(wanted), PAIRS))
    lines = Examples.concat(parts)
    first = {text: row for row, text in reversed(list(enumerate(lines.texts)))}
    lines = lines.take(sorted(first.values()))
    kept = np.flatnonzero(~held_out(catalogue).touched(lines))
    logger.info("%d lines to pre-train on; %d stand in test splits", len(kept), len(lines) - len(kept))
    return lines.take(kept)


def _raw(catalogue: Catalogue, recipe: TeacherRecipe, most: int, licences: frozenset[str]) -> Examples:
    found = raw_texts(catalogue, licences, most, recipe.training.seed, recipe.languages) if most else {}
    texts = [text for lines in found.values() for text in lines]
    return unlabelled(texts, [code for code, lines in found.items() for _ in lines], RAW)


def _sentences(catalogue: Catalogue, recipe: TeacherRecipe, most: int, licences: frozenset[str]) -> Examples:
    try:
        known = catalogue.language("langid").languages
    except UnknownDatasetError:
        return unlabelled([], [], SENTENCES)
    found = load_language_texts(
        catalogue, recipe.languages or tuple(sorted(known)), licences, most, recipe.training.seed
    )
    texts = [text for lines in found.by_class.values() for text in lines]
    # Of a second script the class is `sr@Cyrl`.
    codes = [name.split("@")[0] for name, lines in found.by_class.items() for _ in lines]
    return unlabelled(normalize_all(texts), codes, SENTENCES)
