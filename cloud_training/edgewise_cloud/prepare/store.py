"""Rows in a Parquet file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.prepare.errors import RowsFileError
from edgewise_cloud.train.work_folder import WorkFileError

_WIDE = {"sentiment_allowed": "sentiment", "toxicity": "toxicity", "emotion": "emotion"}


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let something write a file beside its place, then move it there: whole or not at all.

    Args:
        path: The file.
        write: Told where to write; that file lies in the same folder.

    Raises:
        RowsFileError: It cannot be written, for want of space or of rights; what was there stays as it was.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise RowsFileError(path, error.strerror or str(error), error.errno) from error


def save_examples(path: Path, examples: Examples) -> None:
    """Write examples as a Parquet file with one column a label, as a whole or not at all.

    Raises:
        RowsFileError: The file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

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
    table = pa.table(columns)
    write_whole(path, lambda part: pq.write_table(table, part))


def load_examples(path: Path) -> Examples:
    """Read what `save_examples` wrote.

    Raises:
        WorkFileError: The file is not such a one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

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
