"""Scores on dev rows while a student is trained: enough to choose by.

The full account is that of `edgewise evaluate`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from edgewise_cloud.catalogue import Examples

_LEAST_ROWS = 60


def _truth(examples: Examples, task: str, rows: NDArray[np.bool_]) -> tuple[Any, Any, Any]:
    """Return which of `rows` have one right label, that label, and the labels allowed [n, labels]."""
    if task == "sentiment":
        target = examples.sentiment[rows]
        return target >= 0, target, examples.sentiment_allowed[rows]
    felt = examples.emotion[rows]
    sure = np.nan_to_num(felt).max(axis=1) > 0.99
    return sure, np.nan_to_num(felt, nan=-1.0).argmax(axis=1), ~np.isnan(felt)


def _single(task: str, examples: Examples, logits: NDArray[Any], rows: NDArray[np.bool_]) -> float | None:
    sure, target, allowed = _truth(examples, task, rows)
    if sure.sum() < _LEAST_ROWS:
        return None
    chosen = np.where(allowed, logits[rows], -1e9).argmax(axis=1)
    labels = np.unique(target[sure])
    return float(f1_score(target[sure], chosen[sure], average="macro", labels=labels, zero_division=0))


def _toxic(examples: Examples, logits: NDArray[Any], rows: NDArray[np.bool_]) -> float | None:
    truth = examples.toxicity[rows, 0]
    known = ~np.isnan(truth)
    if known.sum() < _LEAST_ROWS or len(set(truth[known])) < 2:
        return None
    return float(roc_auc_score(truth[known], logits[rows, 0][known]))


def dev_scores(examples: Examples, logits: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return macro-F1 (toxicity: AUC) per set and language, and the mean of each task over them."""
    sets, languages = np.array(examples.datasets), np.array(examples.langs)
    scores: dict[str, float] = {}
    by_task: dict[str, list[float]] = defaultdict(list)
    for name in sorted(set(examples.datasets)):
        task = name.split("/")[0]
        for language in sorted(set(languages[sets == name])):
            rows = (sets == name) & (languages == language)
            found = (
                _toxic(examples, logits[task], rows)
                if task == "toxicity"
                else _single(task, examples, logits[task], rows)
            )
            if found is not None:
                scores[f"{name}:{language}"] = round(found, 4)
                by_task[task].append(found)
    return {
        "means": {task: round(float(np.mean(values)), 4) for task, values in by_task.items()},
        "sets": scores,
    }
