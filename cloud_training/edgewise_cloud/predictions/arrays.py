"""A model's answers beside the right ones, as arrays [n] and [n, labels] by task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgewise.labels import TASKS
from edgewise_cloud.predictions.errors import BrokenPredictionsError
from edgewise_runtimes.errors import listing

Objects = NDArray[np.object_]
Marks = NDArray[np.bool_]

_TOLERANCE = 1e-3
"""How far outside 0 to 1 a probability may lie by rounding."""


@dataclass(frozen=True, slots=True)
class TaskPredictions:
    """One task's answers to n texts, with L labels.

    Attributes:
        task: language, sentiment, toxicity or emotion.
        labels: The labels, in the order of all columns below.
        datasets: Name of the set of each text [n].
        splits: Split of each text [n].
        langs: Language code of each text [n].
        texts: The texts [n].
        slices: What each text is an example of [n]: a tuple of tags, "negation" or "term=muslim".
        gold: Right labels bool [n, L]; for toxicity the attributes that are so.
        known: Labels that the set annotates or allows bool [n, L].
        answer: Labels given bool [n, L]; for toxicity the attributes at or above their thresholds.
        scores: Probabilities float32 [n, L].

    Raises:
        BrokenPredictionsError: Shapes do not fit, a score is no probability, or a right label is not known.
    """

    task: str
    labels: tuple[str, ...]
    datasets: Objects
    splits: Objects
    langs: Objects
    texts: Objects
    slices: Objects
    gold: Marks
    known: Marks
    answer: Marks
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise BrokenPredictionsError(self.task, f"the task is none of {listing(TASKS)}")
        n, wide = len(self.texts), len(self.labels)
        if not wide or len(set(self.labels)) != wide:
            raise BrokenPredictionsError(self.task, "its labels are missing, or one stands there twice")
        for field in fields(self)[2:]:
            shape = getattr(self, field.name).shape
            wanted = (n, wide) if field.name in ("gold", "known", "answer", "scores") else (n,)
            if shape != wanted:
                raise BrokenPredictionsError(
                    self.task, f"{field.name} has the shape {shape} instead of {wanted}"
                )
        low, high = (self.scores.min(), self.scores.max()) if n else (0.0, 1.0)
        # Said the other way round, NaN would pass.
        if not (low >= -_TOLERANCE and high <= 1 + _TOLERANCE):
            raise BrokenPredictionsError(self.task, f"scores lie between {low} and {high}, not 0 and 1")
        if (self.gold & ~self.known).any():
            row = int(np.flatnonzero((self.gold & ~self.known).any(axis=1))[0])
            raise BrokenPredictionsError(
                self.task, f"row {row} has a right label that is not among its known"
            )

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.texts)

    def take(self, rows: ArrayLike) -> TaskPredictions:
        """Return the rows with these indexes, or those marked."""
        index = np.asarray(rows)
        kept = {field.name: getattr(self, field.name)[index] for field in fields(self)[2:]}
        return TaskPredictions(self.task, self.labels, **kept)

    def tagged(self, tags: Iterable[str]) -> Marks:
        """Return which rows [n] carry all of these tags."""
        wanted = frozenset(tags)
        return np.fromiter((wanted.issubset(own) for own in self.slices), dtype=np.bool_, count=len(self))

    def tag(self, key: str) -> Objects:
        """Return the value [n] of each row's tag `key=value`; "" where it has none."""
        start = f"{key}="
        out = np.empty(len(self), dtype=object)
        out[:] = [
            next((tag[len(start) :] for tag in own if tag.startswith(start)), "") for own in self.slices
        ]
        return out

    def with_labels(self, labels: Sequence[str]) -> TaskPredictions:
        """Return the same with other columns: what is new was never given, what is gone is forgotten."""
        place = {label: i for i, label in enumerate(self.labels)}
        index = np.array([place.get(label, -1) for label in labels], dtype=np.int64)

        def columns(value: NDArray[Any]) -> NDArray[Any]:
            out = value[:, index]
            out[:, index < 0] = 0
            return out

        own = {name: columns(getattr(self, name)) for name in ("gold", "known", "answer", "scores")}
        same = {name: getattr(self, name) for name in ("datasets", "splits", "langs", "texts", "slices")}
        return TaskPredictions(self.task, tuple(labels), **same, **own)


@dataclass(frozen=True, slots=True)
class Predictions:
    """One model's answers.

    Attributes:
        model: Name and version of the model.
        tasks: Its answers by task.
    """

    model: str
    tasks: Mapping[str, TaskPredictions]

    def __len__(self) -> int:
        """Return the number of answers, of all tasks together."""
        return sum(len(part) for part in self.tasks.values())


def objects(values: Iterable[Any], n: int) -> Objects:
    """Return n values as an array of objects [n]; tuples stay tuples."""
    out = np.empty(n, dtype=object)
    for i, value in enumerate(values):
        out[i] = value
    return out


def join_predictions(model: str, parts: Iterable[TaskPredictions]) -> Predictions:
    """Put answers to several sets together, by task.

    Args:
        model: Name and version of the model that gave them.
        parts: At least one; parts of one task may differ in their labels, which are then united.

    Raises:
        BrokenPredictionsError: There are no parts.
    """
    by_task: dict[str, list[TaskPredictions]] = {}
    for part in parts:
        by_task.setdefault(part.task, []).append(part)
    if not by_task:
        raise BrokenPredictionsError(model, "there are none")
    return Predictions(model, {task: _concat(by_task[task]) for task in TASKS if task in by_task})


def _concat(parts: Sequence[TaskPredictions]) -> TaskPredictions:
    labels = tuple(dict.fromkeys(label for part in parts for label in part.labels))
    same = [part if part.labels == labels else part.with_labels(labels) for part in parts]
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in same])
        for field in fields(TaskPredictions)[2:]
    }
    return TaskPredictions(parts[0].task, labels, **columns)
