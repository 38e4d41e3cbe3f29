"""The rows that a gate is about, and the champion's answers to the very same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from edgewise_cloud.gates.gate import EVERY, Gate
from edgewise_cloud.predictions import TaskPredictions
from edgewise_cloud.predictions.arrays import Marks

SLICES = "slices/"
"""How names of suites start; they count only where a gate names them or their tags."""


def select(part: TaskPredictions, gate: Gate) -> TaskPredictions:
    """Return the rows that a gate is about, with labels merged and restricted as it says."""
    kept: Marks = part.splits == gate.split
    if gate.dataset == EVERY:
        if not gate.slice:
            kept &= ~np.array([str(name).startswith(SLICES) for name in part.datasets], dtype=np.bool_)
    else:
        kept &= part.datasets == gate.dataset
    if gate.language != EVERY:
        kept &= part.langs == gate.language
    if gate.slice:
        kept &= part.tagged(gate.slice)
    rows = part.take(kept.astype(np.bool_))
    for old, new in gate.merge.items():
        rows = merged(rows, old, new)
    return restricted(rows, gate.labels) if gate.labels else rows


def merged(part: TaskPredictions, old: str, new: str) -> TaskPredictions:
    """Return the same with one label counted as another."""
    if old not in part.labels or new not in part.labels:
        return part
    a, b = part.labels.index(old), part.labels.index(new)
    gold, known, answer = part.gold.copy(), part.known.copy(), part.answer.copy()
    scores = part.scores.copy()
    for marks in (gold, known, answer):
        marks[:, b] |= marks[:, a]
    scores[:, b] = np.minimum(scores[:, b] + scores[:, a], 1.0)
    whole = replace(part, gold=gold, known=known, answer=answer, scores=scores)
    return whole.with_labels([label for label in part.labels if label != old])


def restricted(part: TaskPredictions, labels: tuple[str, ...]) -> TaskPredictions:
    """Return the rows whose one right label is among these, with no other answer allowed."""
    inside = np.array([label in labels for label in part.labels], dtype=np.bool_)
    kept = (part.gold.sum(axis=1) == 1) & (part.gold & inside).any(axis=1)
    return part.take(kept).with_labels([label for label in part.labels if label in labels])


def beside(challenger: TaskPredictions, champion: TaskPredictions) -> tuple[Marks, TaskPredictions]:
    """Return which of the challenger's rows the champion answered, too, and its answers to those.

    Rows are the same where set, split, language and text are; of the same text twice, the first goes with the
    first. The right answers are the challenger's: labels may have been corrected since.
    """
    place = {key: i for i, key in enumerate(_keys(champion))}
    index = np.array([place.get(key, -1) for key in _keys(challenger)], dtype=np.int64)
    found = index >= 0
    own, other = challenger.take(found), champion.take(index[found]).with_labels(challenger.labels)
    return found, replace(own, answer=other.answer, scores=other.scores)


def _keys(part: TaskPredictions) -> Iterator[tuple[object, ...]]:
    seen: Counter[tuple[object, ...]] = Counter()
    for key in zip(part.datasets, part.splits, part.langs, part.texts, strict=True):
        yield (*key, seen[key])
        seen[key] += 1


def cells(part: TaskPredictions) -> list[tuple[str, str, Marks]]:
    """Return each set and language that occur together, with its rows [n]."""
    keys = np.array([f"{a}\n{b}" for a, b in zip(part.datasets, part.langs, strict=True)], dtype=object)
    out = []
    for key in sorted(set(keys)):
        dataset, _, language = key.partition("\n")
        out.append((dataset, language, np.asarray(keys == key, dtype=np.bool_)))
    return out
