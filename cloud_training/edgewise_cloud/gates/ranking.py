"""Figures of the probabilities themselves, and of several answers a row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgewise_cloud.evaluate.metrics import BINS, auc, expected_calibration_error
from edgewise_cloud.evaluate.scoring import restrict
from edgewise_cloud.gates.bootstrap import Floats, Ints, Tallied, Units
from edgewise_cloud.gates.decisions import decided
from edgewise_cloud.gates.measure import Measure, codes, named, place_of
from edgewise_cloud.predictions import TaskPredictions

_RANKS = 4096
"""Most steps of a score in the tables of the bootstrap."""

_STEPS = 64
"""Steps of the confidence within each bin of the calibration error, in the tables of the bootstrap."""


def auc_units(
    models: Sequence[TaskPredictions], attribute: str, _: tuple[int, int] | None = None
) -> Measure | None:
    """Return the area under the ROC curve; of a choice the mean over labels, each against the rest."""
    found = decided(models, attribute)
    classes = np.unique(found.truth)
    if classes.size < 2:
        return None
    pairs: list[tuple[NDArray[np.bool_], Floats]] = []
    if models[0].task == "toxicity":
        pairs = [(found.truth == 1, found.confidence[:, i]) for i in range(len(models))]
    else:
        inside = [restrict(model.scores[found.rows], model.known[found.rows]) for model in models]
        pairs = [(found.truth == label, scores[:, label]) for scores in inside for label in classes]
    each = len(pairs) // len(models)
    exact = np.array([auc(truth, score) for truth, score in pairs]).reshape(-1, each).mean(axis=1)
    kinds = [2 * _ranks(score) + truth for truth, score in pairs]

    def statistic(tables: Sequence[Floats]) -> Floats:
        areas = np.stack([_area(table) for table in tables], axis=1)
        return np.asarray(areas.reshape(len(areas), -1, each).mean(axis=2))

    sizes = [2 * int(own.max() // 2 + 1) for own in kinds]
    strata = codes(place_of(models[0].take(found.rows)), found.truth)
    return Measure(Tallied(exact, kinds, sizes, strata, statistic), len(found.truth))


def _ranks(score: Floats) -> Ints:
    """Return the place of each score [n] among those that occur, in at most `_RANKS` steps."""
    _, rank = np.unique(score, return_inverse=True)
    if int(rank.max()) >= _RANKS:
        edges = np.quantile(rank, np.arange(1, _RANKS) / _RANKS)
        rank = np.searchsorted(edges, rank, side="right")
    return np.asarray(rank, dtype=np.int64)


def _area(table: Floats) -> Floats:
    """Return the area under the ROC curve [b] from counts [b, 2 x ranks] of no and yes at each rank."""
    other, so = table[:, 0::2], table[:, 1::2]
    below = np.cumsum(other, axis=1) - other
    # A tie counts half.
    return np.asarray((so * (below + other / 2)).sum(axis=1) / (so.sum(axis=1) * other.sum(axis=1)))


def ece_units(
    models: Sequence[TaskPredictions], attribute: str, _: tuple[int, int] | None = None
) -> Measure | None:
    """Return the expected calibration error; see `edgewise_cloud.evaluate.metrics`."""
    found = decided(models, attribute)
    n = len(found.truth)
    if not n:
        return None
    # Of an attribute its probability is compared with its truth, of a choice the answer's with being right.
    toxic = models[0].task == "toxicity"
    hits = [found.truth == 1 if toxic else found.right[:, i] for i in range(len(models))]
    exact = np.array([expected_calibration_error(found.confidence[:, i], hit) for i, hit in enumerate(hits)])
    kinds, gaps = [], []
    for i, hit in enumerate(hits):
        step = np.clip(np.ceil(found.confidence[:, i] * BINS * _STEPS).astype(np.int64) - 1, 0, None)
        step = np.minimum(step, BINS * _STEPS - 1)
        kind = 2 * step + hit
        rows = np.bincount(kind, minlength=2 * BINS * _STEPS)
        total = np.bincount(kind, weights=hit - found.confidence[:, i], minlength=rows.size)
        gap = np.zeros((rows.size, BINS))
        # Each kind stands with the mean gap of its rows.
        gap[np.arange(rows.size), np.arange(rows.size) // (2 * _STEPS)] = total / np.maximum(rows, 1)
        kinds.append(kind)
        gaps.append(gap)

    def statistic(tables: Sequence[Floats]) -> Floats:
        off = [np.abs(table @ gap).sum(axis=1) / n for table, gap in zip(tables, gaps, strict=True)]
        return np.stack(off, axis=1)

    strata = codes(place_of(models[0].take(found.rows)), found.truth)
    return Measure(Tallied(exact, kinds, [2 * BINS * _STEPS] * len(kinds), strata, statistic), n)


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
    # Rows that look alike are one unit.
    bits = np.packbits(np.concatenate([gold, *given], axis=1), axis=1)
    alike = codes(place_of(first), named((row.tobytes() for row in bits), len(first)))
    at, counts = np.unique(alike, return_index=True, return_counts=True)[1:]
    truth, answers = gold[at].astype(np.float64), [own[at].astype(np.float64) for own in given]

    def statistic(drawn: Floats) -> Floats:
        out = []
        for answer in answers:
            hits, total = drawn @ (truth * answer), drawn @ (truth + answer)
            f1 = np.divide(2 * hits, total, out=np.zeros_like(hits), where=total > 0)
            out.append(f1.mean(axis=1))
        return np.stack(out, axis=1)

    return Measure(Units(counts.astype(np.int64), place_of(first)[at], statistic), len(first))
