"""Asking a model: any function that gives probabilities, or a bundle the way that an app uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import LABELS, TOXIC, TOXICITY
from edgewise.results import Prediction
from edgewise_cloud.evaluate.answers import Analyses
from edgewise_cloud.predictions.arrays import (
    Marks,
    Predictions,
    TaskPredictions,
    join_predictions,
    objects,
)
from edgewise_cloud.predictions.errors import ModelAnswerError
from edgewise_cloud.predictions.gold_rows import GoldRows

Ask = Callable[[Sequence[str]], Mapping[str, NDArray[np.floating]]]
"""From texts to probabilities [texts, labels] by task."""

_CHUNK = 4096
"""Texts whose results are held as objects at one time."""


def predict_with(
    ask: Ask,
    sets: Iterable[GoldRows],
    *,
    model: str,
    labels: Mapping[str, Sequence[str]] | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> Predictions:
    """Ask any model about sets of texts.

    Args:
        ask: From texts to probabilities [texts, labels] by task; told all texts of a set at once.
        sets: What to ask about; each is asked for its own task.
        model: Name and version of the model.
        labels: The labels that its columns stand for by task, where they are not those of `edgewise.labels`;
            the task language has none there.
        thresholds: Of toxicity by attribute; 0.5 where it is not told.

    Raises:
        ModelAnswerError: It gave no answer for a task, or one of another shape.
        PredictionsError: There are no sets, or it gave what is no probability.
    """
    told = dict(LABELS) | {task: tuple(names) for task, names in (labels or {}).items()}
    parts = []
    for rows in sets:
        if rows.task not in told:
            raise ModelAnswerError(rows.task, rows.dataset, "its labels were not told")
        names = tuple(told[rows.task])
        found = ask([str(text) for text in rows.texts]).get(rows.task)
        if found is None:
            raise ModelAnswerError(rows.task, rows.dataset, "the task is missing from the answer")
        scores = np.asarray(found, dtype=np.float32)
        if scores.shape != (len(rows), len(names)):
            raise ModelAnswerError(
                rows.task, rows.dataset, f"the shape is {scores.shape}, not {(len(rows), len(names))}"
            )
        if rows.task == "toxicity":
            limits = np.array([(thresholds or {}).get(name, 0.5) for name in names])
            given = scores >= limits
        else:
            given = scores.argmax(axis=1)[:, None] == np.arange(len(names))
        parts.append(_beside(rows, names, given, scores))
    return join_predictions(model, parts)


def predict_bundle(analyzer: Analyses, sets: Iterable[GoldRows], *, model: str) -> Predictions:
    """Ask a bundle about sets of texts, through the analyzer that an app uses.

    Args:
        analyzer: An `edgewise.Analyzer`, or what behaves like one.
        sets: What to ask about; each is asked for its own task.
        model: Name and version of the bundle.

    Raises:
        ModelAnswerError: The analyzer leaves a task out.
        PredictionsError: There are no sets.
    """
    chunks = (rows.part(at, at + _CHUNK) for rows in sets for at in range(0, len(rows), _CHUNK))
    return join_predictions(model, (_asked(analyzer, chunk) for chunk in chunks))


def _asked(analyzer: Analyses, rows: GoldRows) -> TaskPredictions:
    texts = [str(text) for text in rows.texts]
    found = [getattr(one, rows.task) for one in analyzer.analyze_batch(texts, tasks=(rows.task,))]
    if any(one is None for one in found):
        raise ModelAnswerError(rows.task, rows.dataset, "the analyzer left the task out")
    names = tuple(dict.fromkeys(name for one in found for name in (*one.scores, *sorted(_labels(one)))))
    place = {name: i for i, name in enumerate(names)}
    given = np.zeros((len(found), len(names)), dtype=np.bool_)
    for i, one in enumerate(found):
        given[i, [place[name] for name in _labels(one)]] = True
    scores = np.array([[one.scores.get(name, 0.0) for name in names] for one in found], dtype=np.float32)
    return _beside(rows, names, given, scores)


def _labels(prediction: Prediction) -> set[str]:
    """Return the labels given; of toxicity the attributes, with `toxicity` where the verdict is toxic."""
    if TOXICITY not in prediction.scores:
        return {prediction.label}
    own = set(prediction.labels) & set(prediction.scores)
    return own | {TOXICITY} if prediction.label == TOXIC else own - {TOXICITY}


def _beside(
    rows: GoldRows, names: tuple[str, ...], given: Marks, scores: NDArray[np.float32]
) -> TaskPredictions:
    """Put answers with columns of their own beside the truth, over the labels of both."""
    labels = (*rows.labels, *(name for name in names if name not in rows.labels))
    index = [labels.index(name) for name in names]
    n = len(rows)
    answer, out = np.zeros((n, len(labels)), dtype=np.bool_), np.zeros((n, len(labels)), dtype=np.float32)
    answer[:, index], out[:, index] = given, scores
    extra = np.zeros((n, len(labels) - len(rows.labels)), dtype=np.bool_)
    # Where a set allows whatever there is, it allows what only the model has, too.
    allowed = np.broadcast_to(rows.known.all(axis=1, keepdims=True), extra.shape)
    return TaskPredictions(
        task=rows.task,
        labels=labels,
        datasets=objects([rows.dataset] * n, n),
        splits=objects([rows.split] * n, n),
        langs=rows.langs,
        texts=rows.texts,
        slices=rows.slices,
        gold=np.concatenate([rows.gold, extra], axis=1),
        known=np.concatenate([rows.known, allowed], axis=1),
        answer=answer,
        scores=out,
    )
