"""Small predictions made to order."""

from collections.abc import Sequence

import numpy as np

from edgewise.labels import LABELS
from edgewise_cloud.predictions import Predictions, TaskPredictions
from edgewise_cloud.predictions.arrays import objects


def part(
    task: str,
    gold: Sequence[str],
    guess: Sequence[str],
    *,
    scores: Sequence[Sequence[float]] | None = None,
    known: Sequence[Sequence[str]] | None = None,
    dataset: str | Sequence[str] = "set",
    lang: str | Sequence[str] = "en",
    texts: Sequence[str] | None = None,
    slices: Sequence[tuple[str, ...]] | None = None,
    split: str = "test",
) -> TaskPredictions:
    """Return answers; gold and guess are labels, joined by "|" where there are several, "" for none."""
    names = LABELS[task]
    n = len(gold)

    def marks(values: Sequence[str]) -> np.ndarray:
        return np.array([[name in value.split("|") for name in names] for value in values], dtype=np.bool_)

    answer = marks(guess)
    made = np.where(answer, 0.7, 0.1) if scores is None else np.array(scores)
    allowed = [list(names)] * n if known is None else known
    return TaskPredictions(
        task=task,
        labels=names,
        datasets=objects([dataset] * n if isinstance(dataset, str) else dataset, n),
        splits=objects([split] * n, n),
        langs=objects([lang] * n if isinstance(lang, str) else lang, n),
        texts=objects([f"text {i}" for i in range(n)] if texts is None else texts, n),
        slices=objects([()] * n if slices is None else slices, n),
        gold=marks(gold),
        known=np.array([[name in own for name in names] for own in allowed], dtype=np.bool_),
        answer=answer,
        scores=made.astype(np.float32),
    )


def model(*parts: TaskPredictions, name: str = "model 1") -> Predictions:
    """Return the predictions of a model, one part a task."""
    return Predictions(name, {own.task: own for own in parts})
