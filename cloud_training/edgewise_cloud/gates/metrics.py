"""The figures that a gate can ask for, each as units that can be drawn again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgewise_cloud.gates.bootstrap import Floats, Ints, Statistic, Units
from edgewise_cloud.gates.decisions import Decided, decided
from edgewise_cloud.gates.groups import (
    largest_twin_gap_units,
    pair_units,
    rate_gap_units,
    score_gap_units,
    twin_gap_units,
)
from edgewise_cloud.gates.measure import Measure, codes, place_of
from edgewise_cloud.gates.ranking import auc_units, ece_units, multilabel_units
from edgewise_cloud.predictions import TaskPredictions

CHOICES = ("language", "sentiment", "emotion")
ALL = (*CHOICES, "toxicity")

Build = Callable[[Sequence[TaskPredictions], str, tuple[int, int] | None], Measure | None]
"""From the answers of models to the same rows, an attribute of toxicity, and a published prevalence."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure.

    Attributes:
        build: Makes what is measured; None where the rows do not allow it.
        lower_is_better: Whether a good model has a low one.
        tasks: The tasks that it makes sense for.
        weighted: Whether rows may be weighted to a published prevalence.
    """

    build: Build
    lower_is_better: bool = False
    tasks: tuple[str, ...] = ALL
    weighted: bool = False


def _confusion(name: str) -> Build:
    """Return the maker of a figure that follows from how often each right label got each answer."""

    def build(
        models: Sequence[TaskPredictions], attribute: str, prevalence: tuple[int, int] | None
    ) -> Measure | None:
        found = decided(models, attribute)
        classes = np.unique(found.truth)
        needs = {"false_positive_rate": 0, "false_negative_rate": 1}.get(name)
        if needs is not None:
            kept = found.truth == needs
            found = Decided(found.rows[kept], found.truth[kept], found.guesses[kept], found.confidence[kept])
        elif name != "accuracy" and classes.size < 2:
            return None
        if not found.truth.size or (prevalence and classes.size < 2):
            return None
        # Rows that look alike are one unit: drawing how often it comes is as good as drawing rows, and fast.
        _, first, counts = np.unique(
            codes(place_of(models[0].take(found.rows)), found.truth, *found.guesses.T),
            return_index=True,
            return_counts=True,
        )
        truth, guesses = found.truth[first], found.guesses[first]
        strata = codes(place_of(models[0].take(found.rows[first])), truth)
        weights = _class_weights(found.truth, truth, prevalence)
        statistic = _statistics(name, truth, guesses, weights)
        units = Units(counts.astype(np.int64), strata, statistic)
        exact = prevalence is None and name in ("accuracy", "false_positive_rate", "false_negative_rate")
        return Measure(units, len(found.truth), guesses == truth[:, None], exact)

    return build


def _class_weights(rows: Ints, cells: Ints, prevalence: tuple[int, int] | None) -> Floats:
    """Return the weight of each cell [cells] that gives the rows a published share of positives."""
    if prevalence is None:
        return np.ones(cells.size)
    share, ours = prevalence[0] / prevalence[1], float((rows == 1).mean())
    return np.where(cells == 1, share / ours, (1 - share) / (1 - ours))


def _statistics(name: str, truth: Ints, guesses: Ints, weights: Floats) -> Statistic:
    classes = np.unique(truth)
    right = (guesses == truth[:, None]).astype(np.float64)
    is_class = (truth[:, None] == classes).astype(np.float64)
    each = {"macro_f1": _macro_f1, "weighted_f1": _weighted_f1, "macro_recall": _macro_recall}.get(name)

    def statistic(drawn: Floats) -> Floats:
        w = drawn * weights
        if each is None:
            share: Floats = (w @ right) / w.sum(axis=1, keepdims=True)
            return share if name == "accuracy" else 1.0 - share
        gold = w @ is_class
        out = [
            each(
                w @ (is_class * right[:, [i]]),
                gold,
                w @ (guesses[:, [i]] == classes).astype(np.float64),
            )
            for i in range(guesses.shape[1])
        ]
        return np.stack(out, axis=1)

    return statistic


def _f1(hits: Floats, gold: Floats, given: Floats) -> Floats:
    total = gold + given
    return np.divide(2 * hits, total, out=np.zeros_like(total), where=total > 0)


def _macro_f1(hits: Floats, gold: Floats, given: Floats) -> Floats:
    return np.asarray(_f1(hits, gold, given).mean(axis=1))


def _weighted_f1(hits: Floats, gold: Floats, given: Floats) -> Floats:
    return np.asarray((_f1(hits, gold, given) * gold).sum(axis=1) / gold.sum(axis=1))


def _macro_recall(hits: Floats, gold: Floats, given: Floats) -> Floats:
    share: NDArray[np.float64] = np.divide(hits, gold, out=np.zeros_like(gold), where=gold > 0)
    return np.asarray(share.mean(axis=1))


METRICS: Mapping[str, Metric] = {
    "accuracy": Metric(_confusion("accuracy"), weighted=True),
    "macro_f1": Metric(_confusion("macro_f1"), weighted=True),
    "weighted_f1": Metric(_confusion("weighted_f1"), weighted=True),
    "macro_recall": Metric(_confusion("macro_recall")),
    "false_positive_rate": Metric(_confusion("false_positive_rate"), True, ("toxicity",)),
    "false_negative_rate": Metric(_confusion("false_negative_rate"), True, ("toxicity",)),
    "multilabel_macro_f1": Metric(multilabel_units, tasks=("toxicity", "emotion")),
    "auc": Metric(auc_units),
    "ece": Metric(ece_units, lower_is_better=True),
    "pair_consistency": Metric(pair_units),
    "score_gap": Metric(score_gap_units, True, ("toxicity",)),
    "rate_gap": Metric(rate_gap_units, True, ("toxicity",)),
    "twin_gap": Metric(twin_gap_units, True, ("toxicity",)),
    "largest_twin_gap": Metric(largest_twin_gap_units, True, ("toxicity",)),
}
"""Every figure by name; docs/gates.md says what each is."""
