"""Temperatures and thresholds of the heads, chosen on dev rows only.

Temperature scaling is that of Guo et al., "On Calibration of Modern Neural Networks" (2017).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_score, recall_score

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Examples

Array = NDArray[Any]
_TEMPERATURES = np.exp(np.linspace(np.log(0.4), np.log(4.0), 60))
_LEAST_ROWS = 80  # one number is chosen
_LEAST_POSITIVES = 40
_BLOCKED = -1e4
_SAMPLES, _SEED = 30, 17  # of resampled rows


def softmax(logits: Array) -> Array:
    """Return the probabilities of the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def sigmoid(logits: Array) -> Array:
    """Return the probability of each label."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0))))


def best_temperature(loss: Callable[[float], float]) -> float:
    """Return the temperature of the least loss, from a fixed list between 0.4 and 4."""
    return float(min(_TEMPERATURES, key=loss))


def _cross_entropy(logits: Array, target: Array) -> Callable[[float], float]:
    def loss(temperature: float) -> float:
        likely = softmax(logits / temperature)
        return float(-(target * np.log(np.clip(likely, 1e-9, None))).sum(axis=1).mean())

    return loss


def _by_language(languages: Array, least: int = _LEAST_ROWS) -> list[tuple[str, Array]]:
    return [
        (str(language), languages == language)
        for language in sorted(set(languages))
        if int((languages == language).sum()) >= least
    ]


def _unsure_below(confidence: Array, right: Array) -> dict[str, Any]:
    """Find the confidence below which an answer is as often wrong as right, with what holds above it."""
    value = 0.0
    for edge in np.arange(0.15, 0.7, 0.01):
        inside = (confidence >= edge) & (confidence < edge + 0.06)
        if inside.sum() >= 100 and right[inside].mean() < 0.5:
            value = float(edge) + 0.03
    kept = confidence >= value
    return {
        "value": round(value, 4),
        "precision": round(float(right[kept].mean()) if kept.any() else 0.0, 4),
        "recall": round(float((right & kept).sum() / max(len(right), 1)), 4),
    }


def softmax_head(logits: Array, target: Array, allowed: Array, languages: Array) -> dict[str, Any]:
    """Choose temperature (also by language) and the threshold of a head where one label is right.

    Args:
        logits: [n, labels].
        target: [n, labels], a distribution; rows with a single right label have a 1.
        allowed: bool [n, labels], labels of the row's set.
        languages: [n].

    Returns:
        The keys `temperature`, `temperature_by_language` and `thresholds` of a task in the manifest.
    """
    masked = np.where(allowed, logits, _BLOCKED)
    general = best_temperature(_cross_entropy(masked, target)) if len(target) else 1.0
    single = {
        language: round(best_temperature(_cross_entropy(masked[rows], target[rows])), 4)
        for language, rows in _by_language(languages)
    }
    scale = np.array([single.get(str(language), general) for language in languages])
    likely = softmax(masked / scale[:, None])
    right = target[np.arange(len(target)), likely.argmax(axis=1)] > 0.5
    return {
        "temperature": round(general, 4),
        "temperature_by_language": single,
        "thresholds": {"default": _unsure_below(likely.max(axis=1), right)},
    }


def best_threshold(score: Array, truth: Array, sets: Array) -> float:
    """Return the threshold of the best mean macro-F1 over the sets that have both classes.

    The best one on a few hundred rows is mostly luck, so the mean is taken of those of resampled rows
    (Breiman, "Bagging Predictors", 1996): on other rows of eleven languages .1 to .4 points better.
    """
    rng = np.random.default_rng(_SEED)
    samples = [rng.integers(len(score), size=len(score)) for _ in range(_SAMPLES)] if len(score) else []
    found = [_best_of(score[rows], truth[rows], sets[rows]) for rows in samples]
    known = [value for value in found if value is not None]
    return float(np.mean(known)) if known else 0.5


def _best_of(score: Array, truth: Array, sets: Array) -> float | None:
    usable = [rows for rows in (sets == name for name in sorted(set(sets))) if 0 < truth[rows].mean() < 1]
    if not usable:
        return None
    grid = np.unique(np.round(np.quantile(score, np.linspace(0.02, 0.98, 97)), 4))
    quality = np.mean([_macro_f1_at(grid, score[rows], truth[rows]) for rows in usable], axis=0)
    return float(grid[int(np.argmax(quality))])


def _macro_f1_at(grid: Array, score: Array, truth: Array) -> Array:
    """Return the macro-F1 of `score >= value` for each value of the grid, from sorted scores."""
    yes, no = np.sort(score[truth]), np.sort(score[~truth])
    missed, kept_out = np.searchsorted(yes, grid), np.searchsorted(no, grid)
    hit, false = len(yes) - missed, len(no) - kept_out
    positive = 2 * hit / np.maximum(2 * hit + missed + false, 1)
    negative = 2 * kept_out / np.maximum(2 * kept_out + missed + false, 1)
    return np.asarray((positive + negative) / 2)


def _threshold(score: Array, truth: Array, sets: Array) -> dict[str, Any]:
    value = best_threshold(score, truth, sets)
    given = score >= value
    return {
        "value": round(value, 4),
        "precision": round(float(precision_score(truth, given, zero_division=0)), 4),
        "recall": round(float(recall_score(truth, given, zero_division=0)), 4),
    }


def toxicity_head(logits: Array, target: Array, languages: Array, sets: Array) -> dict[str, Any]:
    """Choose temperature and the threshold of each attribute, for `toxicity` also by language.

    Args:
        logits: [n, 7].
        target: [n, 7], NaN where the row's set does not say.
        languages: [n].
        sets: [n], names of the data sets: F1 is taken within each, then averaged.

    Returns:
        The keys `temperature` and `thresholds` of the task in the manifest.
    """
    known = ~np.isnan(target[:, 0])

    def loss(temperature: float) -> float:
        likely = np.clip(sigmoid(logits[known, 0] / temperature), 1e-7, 1 - 1e-7)
        truth = target[known, 0]
        return float(-(truth * np.log(likely) + (1 - truth) * np.log(1 - likely)).mean())

    temperature = best_temperature(loss) if known.any() else 1.0
    scores = sigmoid(logits / temperature)
    thresholds: dict[str, Any] = {"default": {"value": 0.5}}
    for place, label in enumerate(LABELS["toxicity"]):
        rows = ~np.isnan(target[:, place])
        if target[rows, place].sum() < _LEAST_POSITIVES:
            continue
        thresholds[label] = _threshold(scores[rows, place], target[rows, place] > 0.5, sets[rows])
    by_language = {
        language: _threshold(scores[known, 0][rows], target[known, 0][rows] > 0.5, sets[known][rows])
        for language, rows in _by_language(languages[known], 150)
        if _LEAST_POSITIVES <= target[known, 0][rows].sum() <= rows.sum() - _LEAST_POSITIVES
    }
    if by_language:
        thresholds["toxicity"]["by_language"] = by_language
    return {"temperature": round(temperature, 4), "thresholds": thresholds}


def calibrate(examples: Examples, logits: Mapping[str, Array]) -> dict[str, dict[str, Any]]:
    """Choose what each head's task says in the manifest, from logits on dev rows.

    Args:
        examples: Dev rows of all tasks.
        logits: By task, [n, labels].

    Returns:
        By task: labels, activation, pooling, temperature, thresholds.
    """
    languages, sets = np.array(examples.langs), np.array(examples.datasets)
    rows = np.asarray(examples.sentiment >= 0)
    one_hot = np.eye(3, dtype=np.float32)[np.maximum(examples.sentiment, 0)]
    sentiment = softmax_head(
        logits["sentiment"][rows], one_hot[rows], examples.sentiment_allowed[rows], languages[rows]
    )
    felt = ~np.isnan(examples.emotion)
    rows = np.asarray(felt.any(axis=1))
    emotion = softmax_head(
        logits["emotion"][rows], np.nan_to_num(examples.emotion)[rows], felt[rows], languages[rows]
    )
    rows = np.asarray(~np.isnan(examples.toxicity).all(axis=1))
    toxicity = toxicity_head(logits["toxicity"][rows], examples.toxicity[rows], languages[rows], sets[rows])
    return {
        "sentiment": _task("sentiment", "softmax", "mean", sentiment),
        "toxicity": _task("toxicity", "sigmoid", "max", {**toxicity, "unsure_margin": 0.1}),
        "emotion": _task("emotion", "softmax", "mean", emotion),
    }


def _task(name: str, activation: str, pooling: str, chosen: Mapping[str, Any]) -> dict[str, Any]:
    labels: Sequence[str] = LABELS[name]
    return {"labels": list(labels), "activation": activation, "pooling": pooling, **chosen}
