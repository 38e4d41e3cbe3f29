"""From counts to weights: naive Bayes with a Dirichlet prior shared by all languages, kept sparse.

The prior of a feature is its mean frequency over the languages, so a feature that a language never had weighs
the same whichever it is (`base`), and only the pairs that were seen need a number of their own. A language
with little text is thereby forgiven what it has not shown: the smoothing of Zhai and Lafferty, "A Study of
Smoothing Methods for Language Models Applied to Information Retrieval" (2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgewise.language.features import COLUMNS
from edgewise_distill.language.counting import Counts


@dataclass(frozen=True, slots=True)
class Weights:
    """Log-likelihood ratios against the mean of all languages.

    Attributes:
        keys: uint32 [features], sorted.
        order: uint8 [features], column the feature comes from.
        sizes: int64 [features], entries of each feature.
        language: int16 [entries].
        delta: float32 [entries], what the pair weighs above `base`.
        base: float64 [COLUMNS, languages], what a known feature weighs that the language never had.
    """

    keys: NDArray[np.uint32]
    order: NDArray[np.uint8]
    sizes: NDArray[np.int64]
    language: NDArray[np.int16]
    delta: NDArray[np.float32]
    base: NDArray[np.float64]


def share(counts: Counts, groups: Sequence[Sequence[str]], strength: float) -> Counts:
    """Let close languages vouch for each other's features.

    A name or a topic that one of them was seen with then says that a text is in one of the group, and
    less which one.

    Args:
        counts: Of the training texts.
        groups: Names of close languages; a language is in one group at most.
        strength: Tokens of a column that each is given, spread as the mean of its group is.
    """
    names = counts.languages
    feature = np.repeat(np.arange(len(counts.keys)), counts.sizes)
    left = np.ones(len(feature), bool)
    totals = counts.totals.copy()
    parts: list[tuple[NDArray[np.int64], NDArray[np.int16], NDArray[np.float32]]] = []
    for group in groups:
        members = [names.index(name) for name in group if name in names]
        if len(members) < 2:
            continue
        mine = np.isin(counts.language, members)
        left &= ~mine
        features, row = np.unique(feature[mine], return_inverse=True)
        grid = np.zeros((len(features), len(members)), np.float32)
        grid[row, np.searchsorted(np.sort(members), counts.language[mine])] = counts.count[mine]
        members = sorted(members)
        rate = grid / np.maximum(counts.totals[:, members], 1.0)[counts.order[features]]
        grid += (strength * rate.mean(axis=1, keepdims=True)).astype(np.float32)
        totals[:, members] += strength
        owner = np.tile(np.array(members, np.int16), len(features))
        parts.append((np.repeat(features, len(members)), owner, grid.ravel()))
    if not parts:
        return counts
    parts.append((feature[left], counts.language[left], counts.count[left]))
    feature, owner, times = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(feature * len(names) + owner, kind="stable")
    return replace(
        counts,
        sizes=np.bincount(feature, minlength=len(counts.keys)),
        language=owner[order],
        count=times[order],
        totals=totals,
    )


def weigh(counts: Counts, prior: float = 1000.0) -> Weights:
    """Weigh every pair of a feature and a language.

    Args:
        counts: Of the training texts.
        prior: Strength of the Dirichlet prior, in tokens of a column.
    """
    languages = len(counts.languages)
    feature = np.repeat(np.arange(len(counts.keys)), counts.sizes)
    column = counts.order[feature]
    total = counts.totals[column, counts.language]
    starts = np.r_[0, np.cumsum(counts.sizes)[:-1]]
    mean = np.add.reduceat(counts.count / np.maximum(total, 1.0), starts)[feature] / languages
    unseen = np.log(prior / (counts.totals + prior))
    seen = np.log((counts.count + prior * mean) / (total + prior) / mean)
    delta = (seen - unseen[column, counts.language]).astype(np.float32)
    return Weights(counts.keys, counts.order, counts.sizes, counts.language, delta, unseen)


def select(weights: Weights, counts: Counts, features: int, trust: NDArray[np.float64]) -> Weights:
    """Keep the most telling features.

    A feature tells as much as it moves the answer on average: its weight in each language, times how often
    that language shows it, times the trust in its column.

    Args:
        weights: Of all features.
        counts: They come from.
        features: How many to keep.
        trust: [COLUMNS], factor of each column.
    """
    if features >= len(weights.keys):
        return weights
    feature = np.repeat(np.arange(len(weights.keys)), weights.sizes)
    column = weights.order[feature]
    rate = counts.count / np.maximum(counts.totals[column, counts.language], 1.0)
    moved = rate * (weights.delta + weights.base[column, weights.language]) * trust[column]
    starts = np.r_[0, np.cumsum(weights.sizes)[:-1]]
    score = np.add.reduceat(moved, starts)
    kept = np.zeros(len(score), bool)
    kept[np.argpartition(-score, features)[:features]] = True
    entries = np.repeat(kept, weights.sizes)
    return Weights(
        weights.keys[kept],
        weights.order[kept],
        weights.sizes[kept],
        weights.language[entries],
        weights.delta[entries],
        weights.base,
    )


def default_trust() -> NDArray[np.float64]:
    """Return the trust in 1- to 5-grams and words that calibration starts from (found on dev)."""
    trust = np.array([0.25, 0.5, 1.0, 1.0, 0.5, 4.0])
    if len(trust) != COLUMNS:
        raise ValueError(f"{len(trust)} factors for {COLUMNS} columns")
    return trust
