"""The labelled rows of a run: loaded, checked for leaks, split, and kept in its work folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edgewise_cloud.catalogue import Catalogue, Examples
from edgewise_cloud.prepare.dev import CARVED_MOST, CARVED_SHARE, carve_dev
from edgewise_cloud.prepare.held_out import drop_leaks
from edgewise_cloud.prepare.store import load_examples, save_examples
from edgewise_cloud.train.student_data import load_split

__all__ = ["CARVED_MOST", "CARVED_SHARE", "carve_dev", "labelled_rows", "load_examples", "save_examples"]


def labelled_rows(
    catalogue: Catalogue, licences: Iterable[str], limit: int | None, seed: int, work: Path
) -> tuple[Examples, Examples]:
    """Return the training and the dev rows; a rerun reads them from the work folder.

    Args:
        catalogue: The data.
        licences: Allowed licence classes.
        limit: Rows of each set at most, None for all.
        seed: Of the choice when there are more.
        work: Folder of the run, claimed with these very settings.

    Raises:
        CatalogueError: The data can't be had.
        WorkFileError: A file of the work folder is broken.
        RowsFileError: A file can't be written there.
    """
    paths = work / "train.parquet", work / "dev.parquet"
    if not all(path.exists() for path in paths):
        train = drop_leaks(catalogue, load_split(catalogue, "train", licences, limit, seed))
        parts = carve_dev(train, load_split(catalogue, "dev", licences, limit, seed))
        for path, examples in zip(paths, parts, strict=True):
            save_examples(path, examples)
        return parts
    return load_examples(paths[0]), load_examples(paths[1])
