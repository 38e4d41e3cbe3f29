"""Labelled texts for the gate: what a converted model is compared on."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.labels import LABELS
from edgewise_converters.errors import DevTextsError

UNDETERMINED = "und"
GROUP = "edgewise.dev_texts"
"""Entry points that read dev texts from a folder: callables `(folder) -> Iterable[DevText] | None`."""


@dataclass(frozen=True, slots=True)
class DevText:
    """A text and what is right of it.

    Attributes:
        text: The text.
        language: Its language code; `und` when it is not known.
        labels: By task the right label, or for tasks of several labels 0 or 1 by label. Tasks that nobody
            labelled are left out.
    """

    text: str
    language: str = UNDETERMINED
    labels: Mapping[str, str | Mapping[str, float]] = field(default_factory=dict)


def read_texts(where: str | Path) -> list[DevText]:
    """Read dev texts from a CSV or Parquet file, or from a folder that some installed package knows.

    A file has the column `text`, and may have `lang` and a column a task with the right label (its name, or
    its number in the order of the task's labels, -1 for none). For tasks of several labels there is a
    column a label, `toxicity:insult`, with 0 or 1, empty or NaN where nobody said.

    Raises:
        DevTextsError: It is something else.
    """
    path = Path(where)
    if path.is_dir():
        return list(_from_folder(path))
    try:
        rows = _parquet(path) if path.suffix == ".parquet" else _csv(path)
        found = [_row(row) for row in rows]
    except (OSError, ValueError, KeyError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DevTextsError(str(where), reason) from error
    if not found:
        raise DevTextsError(str(where), "it has no rows")
    return found


def sample(texts: Iterable[DevText], most: int, seed: int = 17) -> list[DevText]:
    """Return at most so many texts, spread evenly over pairs of language and labelled tasks.

    Args:
        texts: All there are.
        most: How many at most.
        seed: Of the choice within each pair.
    """
    groups: dict[tuple[str, ...], list[DevText]] = {}
    for found in texts:
        groups.setdefault((found.language, *sorted(found.labels)), []).append(found)
    rng = np.random.default_rng(seed)
    queues = [[group[place] for place in rng.permutation(len(group))] for _, group in sorted(groups.items())]
    chosen: list[DevText] = []
    while queues and len(chosen) < most:
        for queue in queues[: most - len(chosen)]:
            chosen.append(queue.pop())
        queues = [queue for queue in queues if queue]
    return chosen


def _from_folder(folder: Path) -> Iterable[DevText]:
    for entry in entry_points(group=GROUP):
        try:
            read: Callable[[Path], Iterable[DevText] | None] = entry.load()
        except ImportError:
            continue
        found = read(folder)
        if found is not None:
            return found
    raise DevTextsError(str(folder), "no installed package knows what is in this folder")


def _csv(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    from pyarrow import parquet

    for batch in parquet.ParquetFile(path).iter_batches():
        yield from batch.to_pylist()


def _row(row: Mapping[str, Any]) -> DevText:
    text = row.get("text")
    if not isinstance(text, str):
        raise ValueError("it has no column `text`, or not a text in every row")
    single = {task: name for task in _tasks(row) if (name := _label(task, row.get(task))) is not None}
    several: dict[str, dict[str, float]] = {}
    for column, value in row.items():
        task, colon, label = column.partition(":")
        if colon and "_" not in task and (number := _number(value)) is not None:
            several.setdefault(task, {})[label] = number
    labels: dict[str, str | Mapping[str, float]] = {**several, **single}
    return DevText(text, str(row.get("lang") or UNDETERMINED), labels)


def _tasks(row: Mapping[str, Any]) -> Sequence[str]:
    return [name for name in row if name not in ("text", "lang", "dataset", "weight") and ":" not in name]


def _label(task: str, value: Any) -> str | None:
    """Return a label's name; numbers count the labels of our tasks."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    text = str(value)
    if text.lstrip("-").isdigit():
        known = LABELS.get(task, ())
        return known[int(text)] if 0 <= int(text) < len(known) else None
    return text


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return None if math.isnan(number) else number
