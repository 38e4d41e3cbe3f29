"""How good a network is on dev rows while it is trained, and the calibration of the finished one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from edgewise_cloud.teacher.rows import TeacherRows
from edgewise_cloud.train.calibrate import calibrate, softmax_head
from edgewise_cloud.train.monitor import dev_scores

Logits = Mapping[str, NDArray[np.float32]]


def dev_figures(rows: TeacherRows, logits: Logits, languages: Sequence[str] | None) -> dict[str, float]:
    """Return one figure a task: mean macro-F1 (toxicity: AUC) over sets and languages."""
    if "language" in logits:
        known = rows.language >= 0
        truth, given = rows.language[known], logits["language"][known].argmax(axis=1)
        return {"language": float(f1_score(truth, given, average="macro", zero_division=0))}
    found = dev_scores(rows.examples, filled(rows, logits))
    return {task: float(found["means"][task]) for task in logits if task in found["means"]}


def filled(rows: TeacherRows, logits: Logits) -> dict[str, NDArray[np.float32]]:
    """Return logits for all three tasks: zeros for those that the teacher lacks."""
    sizes = {
        "sentiment": 3,
        "toxicity": rows.examples.toxicity.shape[1],
        "emotion": rows.examples.emotion.shape[1],
    }
    blank = {task: np.zeros((len(rows), size), np.float32) for task, size in sizes.items()}
    return {**blank, **logits}


def calibration(
    rows: TeacherRows, logits: Logits, labels: Mapping[str, tuple[str, ...]]
) -> dict[str, dict[str, Any]]:
    """Choose temperatures and thresholds on dev rows.

    Returns:
        By task, what a bundle's manifest says of it.
    """
    if "language" in labels:
        known = rows.language >= 0
        width = len(labels["language"])
        one_hot = np.eye(width, dtype=np.float32)[rows.language[known]]
        codes = np.array(rows.examples.langs)[known]
        chosen = softmax_head(logits["language"][known], one_hot, np.ones_like(one_hot, bool), codes)
        chosen["temperature_by_language"] = {}
        return {
            "language": {
                "labels": list(labels["language"]),
                "activation": "softmax",
                "pooling": "mean",
                **chosen,
            }
        }
    found = calibrate(rows.examples, filled(rows, logits))
    return {task: found[task] for task in labels}
