"""Tell close languages apart better: what their lines have in common is learned not to matter.

Counting can't see that features repeat each other, so a topic that one of two neighbours writes about weighs
as if it were many. Here the weights of a few close languages, and no others, are moved by the gradient of
their cross-entropy among themselves. It starts from the counted weights and stops early.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from edgewise.language.features import COLUMNS
from edgewise_distill.language.counting import features_by_line
from edgewise_distill.language.weights import Weights

_BATCH = 64
_SHORTEST = 12  # features of a part of a line


@dataclass(frozen=True, slots=True)
class Sharpening:
    """How long and how fast.

    Attributes:
        lines: Of each language in a round, some of them twice where there are fewer.
        rounds: Times.
        rate: Learning rate at the start of a round; a tenth of it at the end.
        spread: Scores are divided by `spread * known_features ** growth`, as calibration begins.
        growth: See `spread`.
    """

    lines: int = 12_000
    rounds: int = 2
    rate: float = 0.03
    spread: float = 1.65
    growth: float = 0.5


@dataclass(frozen=True, slots=True)
class _Lines:
    """Places of known features, line after line."""

    feature: NDArray[np.int64]
    sizes: NDArray[np.int64]
    starts: NDArray[np.int64]


def sharpen(
    weights: Weights,
    lines: Mapping[str, Sequence[str]],
    classes: Sequence[str],
    trust: NDArray[np.float64],
    seed: int,
    how: Sharpening | None = None,
) -> Weights:
    """Move the weights of some languages so that their own lines are told apart.

    Half of the lines are cut to a part, as comments are short. A pair of a feature and a language that has
    no weight gets none.

    Args:
        weights: Of a model.
        lines: Training lines of the languages, two at least.
        classes: All classes, by number.
        trust: [COLUMNS], factor of each column.
        seed: Of every choice.
        how: Length and speed.
    """
    how = how or Sharpening()
    members = [classes.index(name) for name in lines]
    entries = np.flatnonzero(np.isin(weights.language, members))
    feature = np.repeat(np.arange(len(weights.keys)), weights.sizes)[entries]
    member = np.array([members.index(each) for each in weights.language[entries]], np.int64)
    factor = trust[weights.order].astype(np.float32)
    table = torch.zeros(len(weights.keys), len(members))
    there = torch.zeros(len(weights.keys), len(members))
    table[feature, member] = torch.from_numpy(weights.delta[entries] * factor[feature])
    there[feature, member] = 1.0
    table.requires_grad_()
    base = torch.from_numpy((weights.base * trust[:, None])[:, members].astype(np.float32))
    rng = np.random.default_rng(seed)
    found = [_places(weights, texts) for texts in lines.values()]
    for _ in range(how.rounds):
        batches = _batches(found, weights.order, how.lines, rng)
        for step, (index, offsets, known, owner) in enumerate(batches):
            sums = functional.embedding_bag(index, table, offsets, mode="sum") + known @ base
            scale = how.spread * known.sum(dim=1, keepdim=True).clamp(min=1.0) ** how.growth
            (slope,) = torch.autograd.grad(
                functional.cross_entropy(sums / scale, owner, reduction="sum"), table
            )
            rate = how.rate * (1.0 - 0.9 * step / len(batches))
            with torch.no_grad():
                table -= rate * slope * there
    delta = weights.delta.copy()
    delta[entries] = table.detach().numpy()[feature, member] / factor[feature]
    return replace(weights, delta=delta)


def _places(weights: Weights, texts: Sequence[str]) -> _Lines:
    hashes, sizes = features_by_line(texts)
    place = np.minimum(np.searchsorted(weights.keys, hashes), len(weights.keys) - 1)
    known = weights.keys[place] == hashes
    line = np.repeat(np.arange(len(texts)), sizes)[known]
    sizes = np.bincount(line, minlength=len(texts))
    return _Lines(place[known], sizes, np.cumsum(sizes) - sizes)


_Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


def _batches(
    found: Sequence[_Lines], order: NDArray[np.uint8], lines: int, rng: np.random.Generator
) -> list[_Batch]:
    """Return batches: places of features, where each line begins, known features by column, whose it is."""
    chosen = []
    for owner, mine in enumerate(found):
        rows = np.flatnonzero(mine.sizes)
        if not len(rows):
            continue
        picked = np.concatenate([rng.permutation(rows) for _ in range(-(-lines // len(rows)))])[:lines]
        for row in picked:
            start, size = int(mine.starts[row]), int(mine.sizes[row])
            if size > 2 * _SHORTEST and rng.random() < 0.5:
                part = int(rng.integers(_SHORTEST, size))
                start, size = start + int(rng.integers(size - part + 1)), part
            chosen.append((owner, mine.feature[start : start + size]))
    result = []
    shuffled = rng.permutation(len(chosen))
    for first in range(0, len(shuffled), _BATCH):
        parts = [chosen[place] for place in shuffled[first : first + _BATCH]]
        sizes = [len(part) for _, part in parts]
        index = np.concatenate([part for _, part in parts])
        row = np.repeat(np.arange(len(parts)), sizes)
        known = np.bincount(row * COLUMNS + order[index], minlength=len(parts) * COLUMNS)
        result.append(
            (
                torch.from_numpy(index),
                torch.from_numpy(np.cumsum(sizes) - sizes),
                torch.from_numpy(known.reshape(len(parts), COLUMNS).astype(np.float32)),
                torch.tensor([owner for owner, _ in parts]),
            )
        )
    return result
