"""Macro-F1 on labelled texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.bundle.manifest import TaskSpec
from edgewise_converters.texts import DevText

Array = NDArray[Any]
_SURE = 0.99


def macro_f1(truth: Array, told: Array) -> float:
    """Return the mean F1 of the classes in `truth`, 0 to 1.

    >>> macro_f1(np.array([0, 0, 1]), np.array([0, 1, 1]))
    0.6666666666666666
    """
    scores = []
    for label in np.unique(truth):
        hits = int(((truth == label) & (told == label)).sum())
        scores.append(2 * hits / int((truth == label).sum() + (told == label).sum()))
    return float(np.mean(scores))


def quality(spec: TaskSpec, task: str, texts: Sequence[DevText], told: Array) -> tuple[float, int] | None:
    """Return the macro-F1 of verdicts and how many texts it was taken over; None when nothing is labelled.

    Args:
        spec: The task.
        task: Its name.
        texts: n texts.
        told: Verdicts, see `edgewise_converters.gate.rows.verdicts`.
    """
    places = {label: place for place, label in enumerate(spec.labels)}
    if spec.activation == "softmax":
        pairs = [
            (places[str(label)], int(verdict[0]))
            for text, verdict in zip(texts, told, strict=True)
            if (label := _only(text.labels.get(task))) in places
        ]
        return (macro_f1(*np.array(pairs).T), len(pairs)) if pairs else None
    known = np.full((len(texts), len(spec.labels)), np.nan)
    for row, text in enumerate(texts):
        for label, value in _marks(text.labels.get(task), spec).items():
            if label in places:
                known[row, places[label]] = value > 0.5
    labelled = ~np.isnan(known)
    scores = [
        macro_f1(known[rows, place].astype(int), told[rows, place].astype(int))
        for place in range(len(spec.labels))
        if len(np.unique(known[rows := labelled[:, place], place])) == 2
    ]
    return (float(np.mean(scores)), int(labelled.any(axis=1).sum())) if scores else None


def _only(label: Any) -> str | None:
    """Return the one right label; of a distribution over labels the one that has all of it."""
    if isinstance(label, Mapping):
        return next((name for name, share in label.items() if share > _SURE), None)
    return label if isinstance(label, str) else None


def _marks(label: Any, spec: TaskSpec) -> dict[str, float]:
    """Return 0 or 1 by label; a single name says that this label is right and no other."""
    if isinstance(label, str):
        return {name: float(name == label) for name in spec.labels} if label in spec.labels else {}
    return dict(label or {})
