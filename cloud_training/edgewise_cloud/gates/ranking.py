"""Figures of the probabilities themselves, and of several answers a row: a row is a unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgewise_cloud.evaluate.metrics import BINS
from edgewise_cloud.evaluate.scoring import restrict
from edgewise_cloud.gates.bootstrap import Floats, Statistic, Units
from edgewise_cloud.gates.decisions import decided
from edgewise_cloud.gates.measure import Measure, codes, place_of
from edgewise_cloud.predictions import TaskPredictions


def auc_units(
    models: Sequence[TaskPredictions], attribute: str, _: tuple[int, int] | None = None
) -> Measure | None:
    """Return the area under the ROC curve; of a choice the mean over labels, each against the rest."""
    found = decided(models, attribute)
    classes = np.unique(found.truth)
    if classes.size < 2:
        return None
    if models[0].task == "toxicity":
        curves = [[_curve(found.truth == 1, found.confidence[:, i])] for i in range(len(models))]
    else:
        inside = [restrict(m.scores[found.rows], m.known[found.rows]) for m in models]
        curves = [[_curve(found.truth == label, p[:, label]) for label in classes] for p in inside]

    def statistic(drawn: Floats) -> Floats:
        return np.stack([np.mean([curve(drawn) for curve in own], axis=0) for own in curves], axis=1)

    strata = codes(place_of(models[0].take(found.rows)), found.truth)
    return Measure(Units(np.ones(len(found.truth), dtype=np.int64), strata, statistic), len(found.truth))


def _curve(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> Statistic:
    """Return the function from weights of the rows [b, n] to the area under the ROC curve [b]."""
    order = np.argsort(score, kind="stable")
    ranked, is_so = score[order], truth[order].astype(np.float64)
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] > ranked[:-1]]))

    def area(drawn: Floats) -> Floats:
        w = drawn[:, order]
        total = np.add.reduceat(w, starts, axis=1)
        so = np.add.reduceat(w * is_so, starts, axis=1)
        other = total - so
        below = np.cumsum(other, axis=1) - other
        # A tie counts half.
        return np.asarray((so * (below + other / 2)).sum(axis=1) / (so.sum(axis=1) * other.sum(axis=1)))

    return area


def ece_units(
    models: Sequence[TaskPredictions], attribute: str, _: tuple[int, int] | None = None
) -> Measure | None:
    """Return the expected calibration error; see `edgewise_cloud.evaluate.metrics`."""
    found = decided(models, attribute)
    n = len(found.truth)
    if not n:
        return None
    # Of an attribute its probability is compared with its truth, of a choice the answer's with being right.
    hit = np.tile(found.truth[:, None] == 1, len(models)) if models[0].task == "toxicity" else found.right
    which = np.clip(np.ceil(found.confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    gaps = np.zeros((len(models), n, BINS))
    for i in range(len(models)):
        gaps[i, np.arange(n), which[:, i]] = hit[:, i] - found.confidence[:, i]

    def statistic(drawn: Floats) -> Floats:
        total = drawn.sum(axis=1)
        return np.stack([np.abs(drawn @ gap).sum(axis=1) / total for gap in gaps], axis=1)

    strata = codes(place_of(models[0].take(found.rows)), found.truth)
    return Measure(Units(np.ones(n, dtype=np.int64), strata, statistic), n)


def multilabel_units(
    models: Sequence[TaskPredictions], _: str, __: tuple[int, int] | None = None
) -> Measure | None:
    """Return the mean F1 over labels that occur, each judged as yes or no on the rows that annotate it."""
    first = models[0]
    present = np.flatnonzero(first.gold.any(axis=0))
    if not present.size:
        return None
    gold, known = first.gold[:, present], first.known[:, present]
    given = [model.answer[:, present] & known for model in models]

    def statistic(drawn: Floats) -> Floats:
        out = []
        for answer in given:
            hits = drawn @ (gold & answer).astype(np.float64)
            total = drawn @ (gold.astype(np.float64) + answer)
            f1 = np.divide(2 * hits, total, out=np.zeros_like(hits), where=total > 0)
            out.append(f1.mean(axis=1))
        return np.stack(out, axis=1)

    counts = np.ones(len(first), dtype=np.int64)
    return Measure(Units(counts, place_of(first), statistic), len(first))
