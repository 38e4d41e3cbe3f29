"""From right answers and given answers to records, for the tasks with labels of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgewise.engine.thresholds import at_share
from edgewise.labels import LABELS, NON_TOXIC, TOXIC, TOXICITY
from edgewise_cloud.evaluate.answers import Answers
from edgewise_cloud.evaluate.gold import Gold, label_names
from edgewise_cloud.evaluate.metrics import (
    auc,
    choice_metrics,
    expected_calibration_error,
    macro_auc,
    prevalence_weights,
)
from edgewise_cloud.evaluate.records import EVERY_LANGUAGE, Record, finite

Rows = NDArray[np.int64]

TASK_OF_YES_OR_NO = "toxicity"
"""Whose confidence is that of being so, not that of the answer."""

TOLD = "_told"
"""How figures end that were reached with thresholds for the published share (`Analyzer(toxic_share=...)`)."""


def distance(score: NDArray[np.float64], threshold: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return how far scores lie from their thresholds, as a share of the way to 0 or to 1 [n].

    >>> distance(np.array([0.2, 0.4, 0.7, 1.0]), 0.4).round(2).tolist()
    [0.5, 0.0, 0.5, 1.0]
    """
    below, above = np.maximum(threshold, 1e-9), np.maximum(1.0 - np.asarray(threshold), 1e-9)
    return np.asarray(np.where(score >= threshold, (score - threshold) / above, (threshold - score) / below))


@dataclass(frozen=True, slots=True)
class Judged:
    """Answers beside the truth, row by row: what the plots are drawn from.

    Attributes:
        task: The task.
        labels: Names of the labels.
        gold: Right label [n], as a number.
        guess: Given label [n].
        confidence: Probability [n] that the answer claims; for toxicity that of being toxic.
        correct: Whether [n] what `confidence` speaks of is so.
        certainty: How sure the answer is [n]: its probability; for toxicity how far the score lies from its
            threshold, as a share of the way to 0 or 1. Made from `confidence` where it is not given.
        unsure: Which answers the product calls unsure [n]; none where it is not given.
    """

    task: str
    labels: tuple[str, ...]
    gold: Rows
    guess: Rows
    confidence: NDArray[np.float64]
    correct: NDArray[np.bool_]
    certainty: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    unsure: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))

    def __post_init__(self) -> None:
        # Frozen, hence the detour; a plot must not depend on who made the answers.
        if len(self.certainty) != len(self.gold):
            own = distance(self.confidence, 0.5) if self.task == TASK_OF_YES_OR_NO else self.confidence
            object.__setattr__(self, "certainty", own)
        if len(self.unsure) != len(self.gold):
            object.__setattr__(self, "unsure", np.zeros(len(self.gold), dtype=np.bool_))


@dataclass(frozen=True, slots=True)
class Scored:
    """Everything that one set gave."""

    records: list[Record]
    judged: Judged


def by_language(languages: list[str]) -> Iterator[tuple[str, Rows]]:
    """Yield each language with its rows; where there are several, first all rows under the name "all"."""
    codes = np.array(languages, dtype=object)
    found = sorted(set(languages))
    if len(found) > 1:
        yield EVERY_LANGUAGE, np.arange(len(codes))
    for language in found:
        yield language, np.flatnonzero(codes == language)


def restrict(scores: NDArray[np.float32], allowed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return probabilities [n, labels] with what is not allowed at 0, each row summing to 1 again."""
    kept = np.where(allowed, scores.astype(np.float64), 0.0)
    total = kept.sum(axis=1, keepdims=True)
    even = allowed / allowed.sum(axis=1, keepdims=True)
    return np.where(total > 0, kept / np.where(total > 0, total, 1.0), even)


def numbers(names: Sequence[str], labels: Sequence[str]) -> Rows:
    """Return labels as their places in `names`, -1 for what is not there."""
    place = {name: i for i, name in enumerate(names)}
    return np.array([place.get(label, -1) for label in labels], dtype=np.int64)


def best_allowed(
    labels: Sequence[str], answers: Answers, scores: NDArray[np.float32], allowed: NDArray[np.bool_]
) -> tuple[Rows, NDArray[np.float64]]:
    """Return the answer of each row among what is allowed [n], and its probability among these [n].

    It is the product's own answer where that is allowed, else the most probable label that is.
    """
    inside = restrict(scores, allowed)
    given = numbers(labels, answers.labels)
    every = np.arange(len(given))
    fits = (given >= 0) & allowed[every, given]
    guess = np.where(fits, given, inside.argmax(axis=1))
    return guess, inside[every, guess]


def score_choice(gold: Gold, answers: Answers) -> Scored:
    """Score sentiment or emotion: the best of the labels which the set defines is the answer.

    Rows without one right label (several emotions) are not counted.
    """
    truth, allowed = gold.choice()
    rows = np.flatnonzero(truth >= 0)
    labels = LABELS[gold.task]
    truth, allowed, answers = truth[rows], allowed[rows], answers.take(rows)
    languages = [gold.examples.langs[i] for i in rows]
    scores = answers.columns(labels)
    records = [
        _choice_record(
            gold, gold.name, language, truth[part], allowed[part], answers.take(part), scores[part]
        )
        for language, part in by_language(languages)
    ]
    for name, kept in gold.views.items():
        inside = np.array([label in kept for label in labels])
        part = np.flatnonzero(inside[truth])
        records.extend(
            _choice_record(
                gold, f"{gold.name}:{name}", language, truth[part][some], np.tile(inside, (len(some), 1)),
                answers.take(part[some]), scores[part][some],
            )
            for language, some in by_language([languages[i] for i in part])
        )  # fmt: skip
    guess, confidence = best_allowed(labels, answers, scores, allowed)
    judged = Judged(gold.task, labels, truth, guess, confidence, guess == truth, unsure=answers.unsure)
    return Scored(records, judged)


def _choice_record(
    gold: Gold,
    name: str,
    language: str,
    truth: Rows,
    allowed: NDArray[np.bool_],
    answers: Answers,
    scores: NDArray[np.float32],
) -> Record:
    labels = LABELS[gold.task]
    guess, confidence = best_allowed(labels, answers, scores, allowed)
    values = choice_metrics(truth, guess)
    values["auc"] = macro_auc(truth, restrict(scores, allowed))
    values["ece"] = expected_calibration_error(confidence, guess == truth)
    values |= _sureness(guess == truth, answers.unsure)
    restricted = () if allowed.all() else label_names(gold.task, allowed)
    if restricted:
        values["accuracy_unrestricted"] = float((numbers(labels, answers.labels) == truth).mean())
    return Record(gold.task, name, gold.split, language, len(truth), finite(values), restricted)


def _sureness(correct: NDArray[np.bool_], unsure: NDArray[np.bool_]) -> dict[str, float]:
    sure = ~unsure
    return {
        "unsure_rate": float(unsure.mean()),
        "accuracy_when_sure": float(correct[sure].mean()) if sure.any() else float("nan"),
    }


def score_toxicity(gold: Gold, answers: Answers) -> Scored:
    """Score toxicity: toxic or not as the product said it, by its threshold; each attribute by its AUC."""
    names = LABELS[gold.task]
    truth = gold.examples.toxicity[:, names.index(TOXICITY)]
    scores = answers.columns(names)
    records = [
        _toxicity_record(
            gold, language, truth[part], gold.examples.toxicity[part], answers.take(part), scores[part]
        )
        for language, part in by_language(gold.examples.langs)
    ]
    told = np.flatnonzero(~np.isnan(truth))
    score = scores[told, names.index(TOXICITY)].astype(np.float64)
    is_toxic = truth[told] == 1.0
    guess = np.array([answers.labels[i] == TOXIC for i in told], dtype=np.int64)
    limits = 0.5 if answers.thresholds is None else answers.thresholds[told]
    return Scored(
        records,
        Judged(
            gold.task,
            (NON_TOXIC, TOXIC),
            is_toxic.astype(np.int64),
            guess,
            score,
            is_toxic,
            certainty=distance(score, limits),
            unsure=answers.unsure[told],
        ),
    )


def _toxicity_record(
    gold: Gold,
    language: str,
    truth: NDArray[np.float32],
    attributes: NDArray[np.float32],
    answers: Answers,
    scores: NDArray[np.float32],
) -> Record:
    values: dict[str, float] = {}
    told = np.flatnonzero(~np.isnan(truth))
    if told.size:
        values = _verdict(
            gold, truth[told] == 1.0, answers.take(told), scores[told, LABELS[gold.task].index(TOXICITY)]
        )
    for i, name in enumerate(LABELS[gold.task]):
        marked = ~np.isnan(attributes[:, i])
        if name != TOXICITY and marked.any():
            values[f"auc_{name}"] = auc(attributes[marked, i], scores[marked, i])
    note = f"definition: {gold.definition}" if gold.definition else ""
    return Record(gold.task, gold.name, gold.split, language, len(truth), finite(values), note=note)


def _verdict(
    gold: Gold, is_toxic: NDArray[np.bool_], answers: Answers, score: NDArray[np.float32]
) -> dict[str, float]:
    truth = is_toxic.astype(np.int64)
    guess = np.array([label == TOXIC for label in answers.labels], dtype=np.int64)
    values = choice_metrics(truth, guess)
    if 0 < truth.sum() < truth.size:
        values["auc"] = auc(truth, score)
        values["ece"] = expected_calibration_error(score, is_toxic)
    values["toxic_share"] = float(is_toxic.mean())
    values |= _sureness(guess == truth, answers.unsure)
    if gold.prevalence and 0 < truth.sum() < truth.size:
        weights = prevalence_weights(is_toxic, *gold.prevalence)
        limits = np.full(truth.size, 0.5) if answers.thresholds is None else answers.thresholds
        share = gold.prevalence[0] / gold.prevalence[1]
        told = score >= np.array([at_share(float(limit), share) for limit in limits])
        for suffix, verdict in (("", guess), (TOLD, told.astype(np.int64))):
            published = choice_metrics(truth, verdict, weights)
            values |= {f"{name}_at_published_prevalence{suffix}": value for name, value in published.items()}
    return values
