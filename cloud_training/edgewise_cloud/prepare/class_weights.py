"""Weights against uneven labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import LABELS, TOXICITY
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.prepare.config import ClassWeightConfig
from edgewise_cloud.prepare.keys import LABELLED_TASKS

FloatArray = NDArray[np.float64]


def label_counts(examples: Examples, task: str) -> FloatArray:
    """Return rows by label.

    Args:
        examples: Rows of any sets; those that say nothing on the task do not count.
        task: sentiment, toxicity or emotion.

    Returns:
        float64 [labels]; for toxicity [attributes, 2], negative and positive rows. A row with several
        emotions counts as parts of one.
    """
    if task == "sentiment":
        told = examples.sentiment[examples.sentiment >= 0]
        return np.bincount(told, minlength=len(LABELS[task])).astype(np.float64)
    if task == "emotion":
        return np.asarray(np.nansum(examples.emotion, axis=0, dtype=np.float64))
    positive = (examples.toxicity == 1).sum(axis=0)
    negative = (examples.toxicity == 0).sum(axis=0)
    return np.stack([negative, positive], axis=1).astype(np.float64)


def weights_of(counts: FloatArray, config: ClassWeightConfig) -> FloatArray:
    """Return a weight for each class, with mean 1 over those that occur; 1 for one that does not.

    "inverse" is proportional to 1 / n. "effective" is proportional to (1 - beta) / (1 - beta ** n): Cui, Jia,
    Lin, Song, Belongie: Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, equation 2.

    Args:
        counts: Rows by class [..., classes].
        config: Which kind.

    >>> weights_of(np.array([300.0, 100.0]), ClassWeightConfig("inverse"))
    array([0.5, 1.5])
    """
    if config.kind == "none":
        return np.ones_like(counts)
    there = counts > 0
    safe = np.where(there, counts, 1.0)
    if config.kind == "effective" and config.beta < 1:
        raw = (1 - config.beta) / (1 - config.beta**safe)
    else:
        raw = 1 / safe
    raw = np.where(there, raw, 0.0)
    total = raw.sum(axis=-1, keepdims=True)
    many = there.sum(axis=-1, keepdims=True)
    return np.where(there, raw * many / np.where(total > 0, total, 1.0), 1.0)


def class_weights(examples: Examples, config: ClassWeightConfig) -> dict[str, FloatArray]:
    """Return the weights of the classes by task: [labels], for toxicity [attributes, 2] (negative, positive).

    Tasks without a row are left out.
    """
    found = {}
    for task in LABELLED_TASKS:
        counts = label_counts(examples, task)
        if counts.sum():
            found[task] = weights_of(counts, config)
    return found


def weighted(examples: Examples, weights: Mapping[str, FloatArray]) -> Examples:
    """Multiply each row's weight by that of its label; a task's mean weight stays as it was.

    Toxicity rows are weighted by the attribute `toxicity`; where that is masked they stay.
    """
    factor = np.ones(len(examples))
    place = LABELS["toxicity"].index(TOXICITY)
    toxic = examples.toxicity[:, place]
    rows = {
        "sentiment": examples.sentiment >= 0,
        "toxicity": ~np.isnan(toxic),
        "emotion": ~np.isnan(examples.emotion).all(axis=1),
    }
    for task, found in weights.items():
        mine = rows[task]
        if task == "sentiment":
            factor[mine] = found[examples.sentiment[mine]]
        elif task == "toxicity":
            factor[mine] = found[place][toxic[mine].astype(np.int64)]
        else:
            factor[mine] = np.nansum(examples.emotion[mine] * found, axis=1)
        before = examples.weights[mine].sum(dtype=np.float64)
        after = (examples.weights[mine] * factor[mine]).sum(dtype=np.float64)
        if after > 0:
            factor[mine] *= before / after
    return replace(examples, weights=(examples.weights * factor).astype(np.float32))


def named(weights: Mapping[str, FloatArray]) -> dict[str, dict[str, float | list[float]]]:
    """Return the weights by task and label, rounded, as JSON can say them."""
    return {
        task: {label: np.round(found[i], 4).tolist() for i, label in enumerate(LABELS[task])}
        for task, found in weights.items()
    }
