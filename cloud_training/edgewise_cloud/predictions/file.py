"""The file of predictions: Parquet, one row an answer, readable by anything that reads Parquet."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgewise_cloud.predictions.arrays import Marks, Predictions, TaskPredictions, objects
from edgewise_cloud.predictions.errors import (
    BrokenPredictionsError,
    PredictionLabelError,
    PredictionsMissingError,
)

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1
"""Version of the file's form."""

_KEY = b"edgewise.predictions"
_PLAIN = ("dataset", "split", "lang", "text")
_COLUMNS = ("task", *_PLAIN, "gold", "known", "answer", "scores", "slice")


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Write predictions as Parquet, beside their place first: a reader never sees half a file.

    Columns: task, dataset, split, lang, text: string; gold, known, answer, slice: list<string>, where `known`
    is null for all labels of the task; scores: list<float32> in the order of the task's labels. The metadata
    holds JSON with the format, the model and the labels of each task.

    Args:
        path: The file; an old one is replaced.
        predictions: What to write.

    Raises:
        OSError: The disk is full, or the folder may not be written to.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    labels = {task: list(part.labels) for task, part in predictions.tasks.items()}
    about = json.dumps({"format": FORMAT, "model": predictions.model, "labels": labels}, ensure_ascii=False)
    table = pa.concat_tables([_table(part) for part in predictions.tasks.values()])
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        pq.write_table(table.replace_schema_metadata({_KEY: about.encode()}), beside, compression="zstd")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read_predictions(path: Path) -> Predictions:
    """Read what `write_predictions` wrote.

    Raises:
        PredictionsMissingError: There is no such file.
        BrokenPredictionsError: It is no file of predictions, or its rows contradict each other.
        PredictionLabelError: A row has a label that its task does not have.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise PredictionsMissingError(path)
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise BrokenPredictionsError(path, str(error).splitlines()[0]) from error
    model, labels = _about(path, table)
    _check_columns(path, table)
    tasks = table.column("task").to_numpy()
    other = sorted({str(task) for task in set(tasks)} - labels.keys())
    if other:
        raise BrokenPredictionsError(path, f"it has rows of {other[0]!r}, whose labels it does not tell")
    parts = {}
    for task, names in labels.items():
        rows = np.flatnonzero(tasks == task)
        if rows.size:
            parts[task] = _part(path, task, tuple(names), table.take(pa.array(rows)).combine_chunks())
    if not parts:
        raise BrokenPredictionsError(path, "it has no rows")
    return Predictions(model, parts)


def _about(path: Path, table: pa.Table) -> tuple[str, dict[str, list[str]]]:
    raw = (table.schema.metadata or {}).get(_KEY)
    if raw is None:
        raise BrokenPredictionsError(path, f"its metadata lacks {_KEY.decode()!r}")
    try:
        about: Mapping[str, Any] = json.loads(raw)
        form, model, labels = about["format"], about["model"], about["labels"]
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenPredictionsError(path, f"its metadata is not of the known form ({error!r})") from error
    if form != FORMAT:
        raise BrokenPredictionsError(path, f"it has the format {form!r}, and format {FORMAT} is read here")
    listed = isinstance(labels, dict) and all(
        isinstance(names, list) and all(isinstance(name, str) for name in names) for names in labels.values()
    )
    if not isinstance(model, str) or not listed:
        raise BrokenPredictionsError(path, "its metadata is not of the known form")
    return model, labels


def _check_columns(path: Path, table: pa.Table) -> None:
    import pyarrow as pa

    strings = pa.list_(pa.string())
    kinds = dict.fromkeys(("gold", "known", "answer", "slice"), strings) | {"scores": pa.list_(pa.float32())}
    for name in _COLUMNS:
        if name not in table.column_names:
            raise BrokenPredictionsError(path, f"it has no column {name!r}")
        column = table.column(name)
        wanted = kinds.get(name, pa.string())
        same = column.type == wanted or (name in kinds and column.type.equals(wanted))
        if not same:
            raise BrokenPredictionsError(path, f"column {name!r} is of type {column.type}, not {wanted}")
        if name != "known" and column.null_count:
            raise BrokenPredictionsError(
                path, f"column {name!r} has {column.null_count} rows without a value"
            )


def _table(part: TaskPredictions) -> pa.Table:
    import pyarrow as pa

    n, wide = part.scores.shape
    plain = zip(_PLAIN, (part.datasets, part.splits, part.langs, part.texts), strict=True)
    whole: Marks = np.asarray(part.known.all(axis=1))
    lengths = np.arange(n + 1, dtype=np.int32) * wide
    return pa.table(
        {
            "task": pa.array([part.task] * n, pa.string()),
            **{name: pa.array(values, pa.string()) for name, values in plain},
            "gold": _lists(part.gold, part.labels),
            "known": _lists(part.known & ~whole[:, None], part.labels, absent=whole),
            "answer": _lists(part.answer, part.labels),
            "scores": pa.ListArray.from_arrays(lengths, pa.array(part.scores.ravel(), pa.float32())),
            "slice": pa.array([list(tags) for tags in part.slices], pa.list_(pa.string())),
        }
    )


def _lists(marks: Marks, labels: tuple[str, ...], absent: Marks | None = None) -> pa.ListArray:
    """Return the names of the labels marked in each row of `marks` [n, L]; null where `absent` [n]."""
    import pyarrow as pa

    offsets = np.concatenate([[0], np.cumsum(marks.sum(axis=1))]).astype(np.int32)
    names = pa.array(labels, pa.string()).take(pa.array(np.nonzero(marks)[1]))
    mask = None if absent is None else pa.array(absent)
    return pa.ListArray.from_arrays(pa.array(offsets), names, mask=mask)


def _part(path: Path, task: str, labels: tuple[str, ...], table: pa.Table) -> TaskPredictions:
    n = len(table)
    where = f"{path} ({task})"
    flat: NDArray[np.float32] = _values(table, "scores").to_numpy(zero_copy_only=False)
    if (_lengths(table, "scores") != len(labels)).any():
        raise BrokenPredictionsError(
            where, f"a row has not as many scores as there are labels ({len(labels)})"
        )
    plain = {name: objects(table.column(name).to_pylist(), n) for name in _PLAIN}
    try:
        return TaskPredictions(
            task=task,
            labels=labels,
            datasets=plain["dataset"],
            splits=plain["split"],
            langs=plain["lang"],
            texts=plain["text"],
            slices=objects([tuple(tags) for tags in table.column("slice").to_pylist()], n),
            gold=_marks(where, table, "gold", labels),
            known=_marks(where, table, "known", labels),
            answer=_marks(where, table, "answer", labels),
            scores=flat.reshape(n, len(labels)),
        )
    except BrokenPredictionsError as error:
        raise BrokenPredictionsError(where, error.reason) from error


def _values(table: pa.Table, name: str) -> Any:
    return table.column(name).combine_chunks().flatten()


def _lengths(table: pa.Table, name: str) -> NDArray[np.int64]:
    """Return the number of items in each list of a column [n]; -1 for null."""
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(table.column(name).combine_chunks()), -1)
    return np.asarray(lengths.to_numpy(zero_copy_only=False), dtype=np.int64)


def _marks(where: str, table: pa.Table, name: str, labels: tuple[str, ...]) -> Marks:
    """Return lists of labels as marks bool [n, L]; null marks all."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths, values = _lengths(table, name), _values(table, name)
    columns = pc.index_in(values, value_set=pa.array(labels, pa.string()))
    if columns.null_count:
        first = values[int(np.flatnonzero(pc.is_null(columns).to_numpy(zero_copy_only=False))[0])]
        raise PredictionLabelError(where, str(first.as_py()), labels)
    out = np.zeros((len(table), len(labels)), dtype=np.bool_)
    out[np.repeat(np.arange(len(table)), np.maximum(lengths, 0)), columns.to_numpy(zero_copy_only=False)] = (
        True
    )
    out[lengths < 0] = True
    return out
