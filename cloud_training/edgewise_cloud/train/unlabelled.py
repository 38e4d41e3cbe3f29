"""Rows that nobody labelled, of which a student learns what teachers say: raw lines, and translations."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edgewise_cloud.catalogue import Catalogue, Examples
from edgewise_cloud.prepare.held_out import held_out
from edgewise_cloud.prepare.store import load_examples, save_examples
from edgewise_cloud.teacher.align import load_pairs
from edgewise_cloud.teacher.rows import unlabelled
from edgewise_cloud.train.soft import UNLABELLED
from edgewise_cloud.train.student_data import raw_texts
from edgewise_cloud.train.texts import normalize_all

logger = logging.getLogger(__name__)

RAW, PAIRS = f"{UNLABELLED}lines", f"{UNLABELLED}translations"
SOURCES: Mapping[str, Mapping[str, Any]] = {
    RAW: {
        "name": "Raw lines without labels (language/rawtext), licence per source",
        "file": RAW,
        "licence": "per source (language/sources.json), of the classes that the run allows",
        "licence_class": "mixed",
    },
    PAIRS: {
        "name": "Subtitle pairs without labels (language/parallel)",
        "file": PAIRS,
        "licence": "not stated beside the file; XED has such pairs (CC BY 4.0, text of OPUS OpenSubtitles)",
        "licence_class": "unstated",
    },
}
"""Where they come from, for the manifest."""

_ENGLISH = "en"


def unlabelled_rows(
    catalogue: Catalogue,
    licences: Iterable[str],
    languages: Sequence[str],
    each: int,
    pairs: int,
    seed: int,
    work: Path,
) -> tuple[Examples, Examples]:
    """Choose raw lines and translations; a rerun reads them from the work folder.

    Args:
        catalogue: The data.
        licences: Allowed licence classes.
        languages: Of the raw lines.
        each: Raw lines of a language, at most.
        pairs: English sentences with a translation, at most.
        seed: Of the choice.
        work: Folder of the run.

    Returns:
        n rows as the student reads them, and the same n rows as the teachers are asked about them: of a
        translation the English sentence that it belongs to.

    Raises:
        CatalogueError: The data can't be had.
        RowsFileError: The rows can't be written.
        WorkFileError: A file of the work folder is broken.
    """
    paths = work / "unlabelled.parquet", work / "asked.parquet"
    if all(path.exists() for path in paths):
        return load_examples(paths[0]), load_examples(paths[1])
    read, asked = [], []
    tests = held_out(catalogue)
    if each:
        lines = raw_texts(catalogue, licences, each, seed, languages)
        codes = [code for code, texts in lines.items() for _ in texts]
        rows = unlabelled([text for texts in lines.values() for text in texts], codes, RAW)
        rows = rows.take(np.flatnonzero(~tests.touched(rows)))
        read.append(rows)
        asked.append(rows)
    if pairs:
        found = load_pairs(catalogue, pairs, seed)
        rows = unlabelled(normalize_all(found.other), found.languages, PAIRS)
        english = normalize_all(found.english)
        kept = np.flatnonzero(~tests.touched(rows))
        rows = rows.take(kept)
        read.append(rows)
        asked.append(replace(rows, texts=[english[row] for row in kept], langs=[_ENGLISH] * len(kept)))
    parts = Examples.concat(read), Examples.concat(asked)
    logger.info("%d rows without labels", len(parts[0]))
    for path, examples in zip(paths, parts, strict=True):
        save_examples(path, examples)
    return parts
