"""What the product says of many texts, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgewise.results import Analysis

_CHUNK = 4096
"""Texts whose results are held as objects at one time."""


class Analyses(Protocol):
    """The part of `edgewise.Analyzer` that evaluation uses."""

    def analyze_batch(self, texts: Sequence[str], *, tasks: Sequence[str]) -> Sequence[Analysis]:
        """Analyse texts for some tasks."""
        ...


@dataclass(frozen=True, slots=True)
class Answers:
    """One task's answers to n texts.

    Attributes:
        names: The labels, in the order of the columns of `scores`.
        labels: The label given to each text (for toxicity "toxic" or "non-toxic").
        scores: Probabilities float32 [n, labels].
        unsure: Which answers the product calls unsure [n].
        thresholds: What each answer's score was compared with [n]; one half where it is not told.
    """

    names: tuple[str, ...]
    labels: list[str]
    scores: NDArray[np.float32]
    unsure: NDArray[np.bool_]
    thresholds: NDArray[np.float64] | None = None

    def columns(self, wanted: Sequence[str]) -> NDArray[np.float32]:
        """Return the probabilities [n, wanted] of these labels; 0 for one that the model does not have."""
        out = np.zeros((len(self.labels), len(wanted)), dtype=np.float32)
        for i, name in enumerate(wanted):
            if name in self.names:
                out[:, i] = self.scores[:, self.names.index(name)]
        return out

    def take(self, rows: NDArray[np.int64]) -> Answers:
        """Return the answers with these indexes."""
        limits = None if self.thresholds is None else self.thresholds[rows]
        return Answers(
            self.names, [self.labels[i] for i in rows], self.scores[rows], self.unsure[rows], limits
        )


def ask(analyzer: Analyses, texts: Sequence[str], task: str) -> Answers:
    """Run the analyzer over texts for one task, the way that an app does.

    Args:
        analyzer: An `edgewise.Analyzer`, or what behaves like one.
        texts: At least one text.
        task: language, sentiment, toxicity or emotion.

    Raises:
        ValueError: There are no texts, or the analyzer left the task out.
    """
    names: tuple[str, ...] = ()
    labels: list[str] = []
    unsure: list[bool] = []
    thresholds: list[float] = []
    parts: list[NDArray[np.float32]] = []
    for start in range(0, len(texts), _CHUNK):
        chunk = texts[start : start + _CHUNK]
        predictions = [getattr(analysis, task) for analysis in analyzer.analyze_batch(chunk, tasks=(task,))]
        if any(prediction is None for prediction in predictions):
            raise ValueError(f"the analyzer gave no answer for the task {task!r}")
        names = names or tuple(predictions[0].scores)
        parts.append(np.array([[p.scores[name] for name in names] for p in predictions], dtype=np.float32))
        labels.extend(prediction.label for prediction in predictions)
        unsure.extend(prediction.unsure for prediction in predictions)
        thresholds.extend(prediction.threshold for prediction in predictions)
    if not labels:
        raise ValueError("there are no texts to analyse")
    return Answers(
        names, labels, np.concatenate(parts), np.array(unsure, dtype=np.bool_), np.array(thresholds)
    )
