"""The labelled rows of a run: loaded, checked for leaks, split, and kept in its work folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Catalogue, Examples
from edgewise_cloud.train.student_data import drop_leaks, load_split
from edgewise_cloud.train.work_folder import WorkFileError

CARVED_SHARE, CARVED_MOST = 20, 500
_WIDE = {"sentiment_allowed": "sentiment", "toxicity": "toxicity", "emotion": "emotion"}


def carve_dev(train_rows: Examples, dev_rows: Examples) -> tuple[Examples, Examples]:
    """Give sets without a dev split one: a twentieth of their training rows, 500 at most.

    Args:
        train_rows: Training rows of all sets.
        dev_rows: Published dev rows.

    Returns:
        The training rows that are left, and all dev rows. Which rows are taken depends only on how many a set
        has.
    """
    published = set(dev_rows.datasets)
    names = np.array(train_rows.datasets)
    taken: list[int] = []
    for name in sorted(set(train_rows.datasets) - published):
        rows = np.flatnonzero(names == name)
        size = min(len(rows) // CARVED_SHARE, CARVED_MOST)
        taken.extend(int(row) for row in np.random.default_rng(len(rows)).permutation(rows)[:size])
    mask = np.zeros(len(train_rows), bool)
    mask[taken] = True
    carved = train_rows.take(np.flatnonzero(mask))
    return train_rows.take(np.flatnonzero(~mask)), Examples.concat([dev_rows, carved])


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
    """
    paths = work / "train.parquet", work / "dev.parquet"
    if not all(path.exists() for path in paths):
        train = drop_leaks(catalogue, load_split(catalogue, "train", licences, limit, seed))
        parts = carve_dev(train, load_split(catalogue, "dev", licences, limit, seed))
        for path, examples in zip(paths, parts, strict=True):
            save_examples(path, examples)
        return parts
    return load_examples(paths[0]), load_examples(paths[1])


def save_examples(path: Path, examples: Examples) -> None:
    """Write examples as a Parquet file with one column a label, as a whole or not at all."""
    columns: dict[str, Any] = {
        "text": pa.array(examples.texts, pa.string()),
        "lang": pa.array(examples.langs, pa.string()).dictionary_encode(),
        "dataset": pa.array(examples.datasets, pa.string()).dictionary_encode(),
        "weight": examples.weights,
        "sentiment": examples.sentiment,
    }
    for name, task in _WIDE.items():
        values: NDArray[Any] = getattr(examples, name)
        columns |= {f"{name}:{label}": values[:, place] for place, label in enumerate(LABELS[task])}
    part = path.with_suffix(".part")
    pq.write_table(pa.table(columns), part)
    part.replace(path)


def load_examples(path: Path) -> Examples:
    """Read what `save_examples` wrote.

    Raises:
        WorkFileError: The file is not such a one.
    """
    try:
        table = pq.read_table(path)
        wide = {
            name: np.column_stack([table[f"{name}:{label}"].to_numpy() for label in LABELS[task]])
            for name, task in _WIDE.items()
        }
        return Examples(
            texts=table["text"].to_pylist(),
            langs=table["lang"].to_pylist(),
            datasets=table["dataset"].to_pylist(),
            weights=table["weight"].to_numpy(),
            sentiment=table["sentiment"].to_numpy(),
            **wide,
        )
    except (pa.ArrowException, KeyError, OSError) as error:
        raise WorkFileError(path, str(error).splitlines()[0]) from error
