"""What a model decided, as numbers: one choice a row, or whether an attribute is so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgewise_cloud.evaluate.scoring import restrict
from edgewise_cloud.predictions import TaskPredictions

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decided:
    """Answers to the n rows that have one right answer.

    Attributes:
        rows: Which rows of the predictions these are [n].
        truth: Right label as a column number [n]; for an attribute 1 where it is so.
        guesses: Label given by each model [n, models].
        confidence: Probability of the label given [n, models]; of an attribute the probability that it is so.
    """

    rows: Ints
    truth: Ints
    guesses: Ints
    confidence: NDArray[np.float64]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each model was right [n, models]."""
        return np.asarray(self.guesses == self.truth[:, None])


def decided(models: Sequence[TaskPredictions], attribute: str) -> Decided:
    """Return what the models decided.

    Of a choice the answer is the label given, or the most probable allowed one where it is not allowed; rows
    with several right labels, or none, are left out. Of toxicity it is one attribute, where it is annotated.

    Args:
        models: Answers of one or several models to the same rows.
        attribute: Which one of toxicity.
    """
    first = models[0]
    if first.task == "toxicity":
        column = first.labels.index(attribute) if attribute in first.labels else -1
        rows = np.flatnonzero(first.known[:, column]) if column >= 0 else np.zeros(0, dtype=np.int64)
        guesses = [model.answer[rows, column].astype(np.int64) for model in models]
        sure = [model.scores[rows, column].astype(np.float64) for model in models]
        return Decided(
            rows,
            first.gold[rows, column].astype(np.int64),
            np.stack(guesses, axis=1),
            np.stack(sure, axis=1),
        )
    rows = np.flatnonzero(first.gold.sum(axis=1) == 1)
    truth = first.gold[rows].argmax(axis=1).astype(np.int64)
    chosen = [_choice(model.take(rows)) for model in models]
    return Decided(
        rows,
        truth,
        np.stack([guess for guess, _ in chosen], axis=1),
        np.stack([p for _, p in chosen], axis=1),
    )


def _choice(part: TaskPredictions) -> tuple[Ints, NDArray[np.float64]]:
    if not len(part):
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    inside = restrict(part.scores, part.known)
    given = part.answer & part.known
    # Where nothing allowed was given, every allowed label stands for election.
    open_to = np.where(given.any(axis=1, keepdims=True), given, part.known)
    guess = np.where(open_to, inside, -1.0).argmax(axis=1).astype(np.int64)
    return guess, inside[np.arange(len(guess)), guess]
