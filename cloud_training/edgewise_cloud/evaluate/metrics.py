"""The figures: scikit-learn where it has them, the calibration error here."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 15
"""Bins of the calibration error, as in Guo et al. 2017."""

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def expected_calibration_error(confidence: ArrayLike, correct: ArrayLike, bins: int = BINS) -> float:
    """Return how far confidence and accuracy lie apart: the mean gap over bins, weighted by their rows.

    Equal-width bins of (0, 1], as in Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks,
    ICML 2017, equation 3. For a yes-or-no label give its probability and its truth: the gap is then between
    probability and prevalence.

    Args:
        confidence: Probabilities [n], 0 to 1.
        correct: Whether each answer was right [n].
        bins: How many.

    >>> round(expected_calibration_error([0.9, 0.9, 0.6], [1, 1, 0]), 3)
    0.267
    """
    p, hit = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if p.size == 0:
        return math.nan
    which = np.clip(np.ceil(p * bins).astype(np.int64) - 1, 0, bins - 1)
    gap = np.bincount(which, weights=hit - p, minlength=bins)
    return float(np.abs(gap).sum() / p.size)


def choice_metrics(gold: IntArray, guess: IntArray, weights: FloatArray | None = None) -> dict[str, float]:
    """Return accuracy, F1 and recall of one choice a row.

    The averages run over the labels that occur in `gold`. With a single one only the accuracy is told: it is
    that label's recall, and an F1 would reward answering nothing else.

    Args:
        gold: The right labels as numbers [n], n > 0.
        guess: The answers as numbers [n]; a number that `gold` never has is simply wrong.
        weights: Of the rows [n]; all equal by default.
    """
    from sklearn.metrics import accuracy_score, f1_score, recall_score

    values = {"accuracy": float(accuracy_score(gold, guess, sample_weight=weights))}
    labels = np.unique(gold)
    if labels.size > 1:
        common = {"labels": labels, "sample_weight": weights, "zero_division": 0.0}
        values["macro_f1"] = float(f1_score(gold, guess, average="macro", **common))
        values["weighted_f1"] = float(f1_score(gold, guess, average="weighted", **common))
        values["macro_recall"] = float(recall_score(gold, guess, average="macro", **common))
    return values


def auc(truth: ArrayLike, score: ArrayLike) -> float:
    """Return the area under the ROC curve of a yes-or-no label; NaN when only one of both occurs.

    >>> auc([0, 1, 1], [0.2, 0.3, 0.9]), auc([1, 1], [0.3, 0.9])
    (1.0, nan)
    """
    from sklearn.metrics import roc_auc_score

    y = np.asarray(truth, dtype=np.int64)
    if np.unique(y).size < 2:
        return math.nan
    return float(roc_auc_score(y, score))


def macro_auc(gold: IntArray, scores: NDArray[np.floating]) -> float:
    """Return the mean one-against-the-rest AUC over the labels that occur; NaN when fewer than two do.

    Args:
        gold: The right labels as column numbers [n].
        scores: Probabilities [n, labels].
    """
    present = np.unique(gold)
    if present.size < 2:
        return math.nan
    return float(np.mean([auc(gold == label, scores[:, label]) for label in present]))


def prevalence_weights(truth: NDArray[np.bool_], positives: int, total: int) -> FloatArray:
    """Return row weights [n] that give a sample the published share of positives.

    Args:
        truth: Which rows are positive [n]; both kinds must occur.
        positives: Positive rows of the published split.
        total: All rows of the published split.

    >>> prevalence_weights(np.array([True, False]), 1, 4).round(2).tolist()
    [0.5, 1.5]
    """
    share, ours = positives / total, float(truth.mean())
    return np.where(truth, share / ours, (1 - share) / (1 - ours))
