"""Rows in a Parquet file."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.prepare.errors import RowsFileError
from edgewise_cloud.train.work_folder import WorkFileError

_WIDE = {"sentiment_allowed": "sentiment", "toxicity": "toxicity", "emotion": "emotion"}


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
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


def save_prepared(folder: Path, train: Examples, dev: Examples, report: Mapping[str, Any]) -> list[Path]:
    """Write train.parquet, dev.parquet and report.json into a folder: all of them, or none.

    Returns:
        Where they are.

    Raises:
        RowsFileError: They cannot be written; files of an earlier run are then still whole.
    """
    made = folder / f".{os.getpid()}.part"
    names = ("train.parquet", "dev.parquet", "report.json")
    text = json.dumps(report, ensure_ascii=False, indent=1) + "\n"
    try:
        try:
            made.mkdir(parents=True, exist_ok=True)
            save_examples(made / names[0], train)
            save_examples(made / names[1], dev)
            write_whole(made / names[2], lambda part: part.write_text(text, encoding="utf-8"))
            for name in names:
                (made / name).replace(folder / name)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except RowsFileError as error:
        raise RowsFileError(folder / error.path.name, error.reason, error.number) from error
    except OSError as error:
        raise RowsFileError(folder, error.strerror or str(error), error.errno) from error
    return [folder / name for name in names]


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
