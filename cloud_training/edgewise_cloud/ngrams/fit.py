"""Fit one linear model a language: each label is a question of its own, decided by the rows that answer it.

In the spirit of Wang and Manning, "Baselines and Bigrams" (2012): with few thousand rows of a language,
weights of n-grams beat networks that begin with nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.ngrams.features import Vocabulary, count_features

TASKS = ("sentiment", "toxicity", "emotion")
_LEAST_EACH = 25  # rows of either answer


@dataclass(frozen=True, slots=True)
class NgramRecipe:
    """What a run depends on besides the data.

    Attributes:
        most: Rows of a language and task, spread over its sets; five times as many of English.
        pooled: Rows of each language for the model of languages that have none of their own.
        strength: Inverse of the penalty on the squared weights.
        spread: Power of a set's rows that its rows weigh in all; 1 counts each row as one.
        features: The most features of a language, three times as many of English and of the pooled model;
            None for all that are not rare. The most telling are kept, and the model is fitted again on them.
        refit: Strength of that second fit.
        made_rows: Made rows, so many of each kind and language that has some, at most.
        seed: Of the choice of rows.
    """

    most: int = 40_000
    pooled: int = 2500
    strength: float = 4.0
    spread: float = 0.8
    features: int | None = None
    refit: float = 2.0
    made_rows: int = 0
    seed: int = 17


@dataclass(frozen=True, slots=True)
class LinearModel:
    """The questions that are asked of the texts of one language, one linear model each.

    Attributes:
        vocabulary: The features it knows.
        weights: By task, float32 [labels, features]; labels without a question are rows of zeros.
        bias: By task, float32 [labels]; NaN where there is no question.
    """

    vocabulary: Vocabulary
    weights: Mapping[str, NDArray[np.float32]]
    bias: Mapping[str, NDArray[np.float32]]

    def logits(self, counted: sp.csr_matrix) -> dict[str, NDArray[np.float32]]:
        """Return the log-odds of each label of the tasks it has: float32 [n, labels], NaN where not known."""
        weighed = self.vocabulary.weigh(counted)
        return {
            task: np.asarray(weighed @ self.weights[task].T + self.bias[task], np.float32)
            for task in self.weights
        }


def questions(examples: Examples, task: str) -> Iterator[tuple[int, NDArray[np.bool_], NDArray[np.bool_]]]:
    """Yield each label of a task with the rows that say whether it is so [n], and what they say [n]."""
    for place in range(len(LABELS[task])):
        if task == "sentiment":
            yield (
                place,
                (examples.sentiment >= 0) & examples.sentiment_allowed[:, place],
                examples.sentiment == place,
            )
            continue
        values = (examples.toxicity if task == "toxicity" else examples.emotion)[:, place]
        yield place, ~np.isnan(values), np.nan_to_num(values) > 0.0


def row_weights(
    sets: NDArray[np.int64], truth: NDArray[np.bool_], trust: NDArray[np.float32], spread: float
) -> NDArray[np.float64]:
    """Weigh rows so that in each set both answers count alike, and large sets less than their rows.

    Args:
        sets: Number of each row's set [n].
        truth: Its answer [n].
        trust: Its own weight [n].
        spread: See `NgramRecipe`.

    Returns:
        Weights [n] of mean 1.
    """
    rows = np.bincount(sets)
    both = np.bincount(sets * 2 + truth, minlength=2 * len(rows)).reshape(-1, 2)
    answers = (both > 0).sum(axis=1)
    share = np.maximum(rows, 1)[:, None] ** spread / np.maximum(both * answers[:, None], 1)
    weight = share[sets, truth.astype(np.int64)] * trust
    return np.asarray(weight / weight.mean())


def fit_language(examples: Examples, recipe: NgramRecipe, features: int | None = None) -> LinearModel | None:
    """Fit the model of one language; None when its rows answer no question.

    Args:
        examples: Normalised rows, of one language or of several alike.
        recipe: How.
        features: How many features to keep, None for all.
    """
    counted = count_features(examples.texts)
    vocabulary = Vocabulary.of(counted, 2 if len(examples) < 20_000 else 3)
    weighed = vocabulary.weigh(counted)
    weights, bias = _fit_tasks(examples, weighed, recipe, recipe.strength)
    if not weights:
        return None
    if features is not None and len(vocabulary.keys) > features:
        vocabulary = vocabulary.only(most_telling(weighed, weights, features))
        weights, bias = _fit_tasks(examples, vocabulary.weigh(counted), recipe, recipe.refit)
    return LinearModel(vocabulary, weights, bias)


def most_telling(
    weighed: sp.csr_matrix, weights: Mapping[str, NDArray[np.float32]], most: int
) -> NDArray[np.int64]:
    """Return the features that move answers most, rising: greatest weight times what texts have of them."""
    has = np.sqrt(np.asarray(weighed.multiply(weighed).mean(axis=0)).ravel())
    greatest = np.abs(np.concatenate(list(weights.values()))).max(axis=0)
    return np.sort(np.argsort(-greatest * has, kind="stable")[:most])


def _fit_tasks(
    examples: Examples, weighed: sp.csr_matrix, recipe: NgramRecipe, strength: float
) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
    """Return weights and bias by task, of the tasks that the rows answer a question of."""
    _, sets = np.unique(np.array(examples.datasets), return_inverse=True)
    weights: dict[str, NDArray[np.float32]] = {}
    bias: dict[str, NDArray[np.float32]] = {}
    for task in TASKS:
        size = len(LABELS[task])
        found, offset = np.zeros((size, weighed.shape[1]), np.float32), np.full(size, np.nan, np.float32)
        for place, known, truth in questions(examples, task):
            rows = np.flatnonzero(known)
            if min(truth[rows].sum(), len(rows) - truth[rows].sum()) < _LEAST_EACH:
                continue
            weight = row_weights(sets[rows], truth[rows], examples.weights[rows], recipe.spread)
            found[place], offset[place] = _fit(weighed[rows], truth[rows], weight, strength)
        if not np.isnan(offset).all():
            weights[task], bias[task] = found, offset
    return weights, bias


def _fit(
    weighed: sp.csr_matrix, truth: NDArray[np.bool_], weight: NDArray[np.float64], strength: float
) -> tuple[NDArray[np.float32], float]:
    model = LogisticRegression(
        C=strength, solver="liblinear", dual=True, tol=0.03, max_iter=40, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", FutureWarning)
        model.fit(weighed, truth, sample_weight=weight)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])
