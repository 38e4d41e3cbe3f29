"""Figures of rows that belong together: both members of a pair, one template with many identities."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from edgewise_cloud.gates.bootstrap import Floats, Units
from edgewise_cloud.gates.decisions import decided
from edgewise_cloud.gates.measure import Measure, codes, named, place_of
from edgewise_cloud.predictions import TaskPredictions

PAIR, TERM, TEMPLATE = "pair", "term", "template"
"""Keys of the tags that say what belongs together."""


def pair_units(
    models: Sequence[TaskPredictions], attribute: str, _: tuple[int, int] | None = None
) -> Measure | None:
    """Return the share of pairs (of any number of members) whose members were all answered right."""
    found = decided(models, attribute)
    part = models[0].take(found.rows)
    pair = part.tag(PAIR)
    has = np.flatnonzero(pair != "")
    if not has.size:
        return None
    own = part.take(has)
    which = codes(place_of(own), named(pair[has], len(has)))
    wrong = np.stack([np.bincount(which, weights=~found.right[has, i]) for i in range(len(models))], axis=1)
    right = wrong == 0
    first = np.unique(which, return_index=True)[1]
    share = right.astype(np.float64)

    def statistic(drawn: Floats) -> Floats:
        return np.asarray((drawn @ share) / drawn.sum(axis=1, keepdims=True))

    units = Units(np.ones(len(right), dtype=np.int64), place_of(own.take(first)), statistic)
    return Measure(units, len(has), right, exact=True)


def score_gap_units(
    models: Sequence[TaskPredictions], attribute: str, _: tuple[int, int] | None = None
) -> Measure | None:
    """Return the highest minus the lowest mean probability of the identity terms."""
    found = decided(models, attribute)
    return _gap(models[0].take(found.rows), found.confidence)


def rate_gap_units(
    models: Sequence[TaskPredictions], attribute: str, _: tuple[int, int] | None = None
) -> Measure | None:
    """Return the highest minus the lowest share of answers above the threshold of the identity terms."""
    found = decided(models, attribute)
    return _gap(models[0].take(found.rows), found.guesses.astype(np.float64))


def twin_gap_units(
    models: Sequence[TaskPredictions], attribute: str, _: tuple[int, int] | None = None
) -> Measure | None:
    """Return the mean over twins of the highest minus the lowest probability.

    Twins are rows that should score alike: those with the same `pair=`, or where that is missing the same
    `template=` with different terms.
    """
    return _twins(models, attribute, _mean_gap)


def largest_twin_gap_units(
    models: Sequence[TaskPredictions], attribute: str, _: tuple[int, int] | None = None
) -> Measure | None:
    """Return the largest gap between the probabilities of twins, see `twin_gap_units`."""
    return _twins(models, attribute, _largest_gap)


def _mean_gap(drawn: Floats, gaps: Floats) -> Floats:
    return np.asarray((drawn @ gaps) / drawn.sum(axis=1, keepdims=True))


def _largest_gap(drawn: Floats, gaps: Floats) -> Floats:
    there = drawn > 0
    return np.stack([np.where(there, own, -np.inf).max(axis=1) for own in gaps.T], axis=1)


def _twins(
    models: Sequence[TaskPredictions], attribute: str, over: Callable[[Floats, Floats], Floats]
) -> Measure | None:
    """Return what `over` makes of weights [b, twins] and gaps [twins, models]; None without twins."""
    found = decided(models, attribute)
    part = models[0].take(found.rows)
    pair, term, template = part.tag(PAIR), part.tag(TERM), part.tag(TEMPLATE)
    # A pair tag holds no blank, so a template's key can never be taken for one.
    key = np.array(
        [p or (f"template {t}" if own else "") for p, t, own in zip(pair, template, term, strict=True)],
        dtype=object,
    )
    has = np.flatnonzero(key != "")
    if not has.size:
        return None
    own = part.take(has)
    which = codes(place_of(own), named(key[has], len(has)))
    shape = (int(which.max()) + 1, len(models))
    high, low = np.full(shape, -np.inf), np.full(shape, np.inf)
    np.maximum.at(high, which, found.confidence[has])
    np.minimum.at(low, which, found.confidence[has])
    several = np.bincount(which, minlength=shape[0]) > 1
    if not several.any():
        return None
    gaps = (high - low)[several]
    first = np.unique(which, return_index=True)[1][several]
    units = Units(
        np.ones(len(gaps), dtype=np.int64), place_of(own.take(first)), lambda drawn: over(drawn, gaps)
    )
    return Measure(units, int(several[which].sum()))


def _gap(part: TaskPredictions, values: NDArray[np.float64]) -> Measure | None:
    """Return the gap between terms, with templates as the units: they are what was sampled."""
    term, template = part.tag(TERM), part.tag(TEMPLATE)
    has = np.flatnonzero((term != "") & (template != ""))
    if not has.size:
        return None
    own = part.take(has)
    row = codes(place_of(own), named(template[has], len(has)))
    column = codes(place_of(own), named(term[has], len(has)))
    shape = (int(row.max()) + 1, int(column.max()) + 1)
    if shape[1] < 2:
        return None
    there = np.zeros(shape)
    np.add.at(there, (row, column), 1.0)
    sums = np.zeros((values.shape[1], *shape))
    for i in range(values.shape[1]):
        np.add.at(sums[i], (row, column), values[has, i])

    def statistic(drawn: Floats) -> Floats:
        weight = drawn @ there
        out = []
        for own_sums in sums:
            mean = np.divide(drawn @ own_sums, weight, out=np.full_like(weight, np.nan), where=weight > 0)
            out.append(np.nanmax(mean, axis=1) - np.nanmin(mean, axis=1))
        return np.stack(out, axis=1)

    first = np.unique(row, return_index=True)[1]
    counts = np.ones(shape[0], dtype=np.int64)
    return Measure(Units(counts, place_of(own.take(first)), statistic), len(has))
