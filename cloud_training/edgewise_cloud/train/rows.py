"""The labelled rows of a run: loaded, checked for leaks, split, and kept in its work folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edgewise_cloud.catalogue import Catalogue, Examples
from edgewise_cloud.prepare.dev import CARVED_MOST, CARVED_SHARE, carve_dev
from edgewise_cloud.prepare.held_out import drop_leaks
from edgewise_cloud.prepare.store import load_examples, save_examples
from edgewise_cloud.prepare.valence import with_valence, without_sentiment
from edgewise_cloud.train.student_data import load_split

__all__ = [
    "CARVED_MOST",
    "CARVED_SHARE",
    "carve_dev",
    "labelled_rows",
    "load_examples",
    "save_examples",
]

_TRAIN, _DEV = "train.parquet", "dev.parquet"


def labelled_rows(
    catalogue: Catalogue,
    licences: Iterable[str],
    limit: int | None,
    seed: int,
    work: Path,
    prepared: Path | None = None,
) -> tuple[Examples, Examples]:
    """Return the training and the dev rows; a rerun reads them from the work folder.

    Where no set labels sentiment in a language, rows that are labelled with emotions say it (see
    `edgewise_cloud.prepare.valence`).

    Args:
        catalogue: The data.
        licences: Allowed licence classes.
        limit: Rows of each set at most, None for all.
        seed: Of the choice when there are more.
        work: Folder of the run, claimed with these very settings.
        prepared: Folder with train.parquet and dev.parquet to take instead of the catalogue's rows: the work
            folder of a teacher's run, or what `data prepare` wrote.

    Raises:
        CatalogueError: The data can't be had.
        WorkFileError: A file of the work folder is broken, or there are no prepared rows.
        RowsFileError: A file can't be written there.
    """
    paths = work / _TRAIN, work / _DEV
    if all(path.exists() for path in paths):
        return _valued(load_examples(paths[0]), load_examples(paths[1]))
    if prepared is not None:
        parts = load_examples(prepared / _TRAIN), load_examples(prepared / _DEV)
    else:
        train = drop_leaks(catalogue, load_split(catalogue, "train", licences, limit, seed))
        parts = carve_dev(train, load_split(catalogue, "dev", licences, limit, seed))
    parts = _valued(*parts)
    for path, examples in zip(paths, parts, strict=True):
        save_examples(path, examples)
    return parts


def _valued(train: Examples, dev: Examples) -> tuple[Examples, Examples]:
    languages = without_sentiment(train)
    return with_valence(train, languages), with_valence(dev, languages)
