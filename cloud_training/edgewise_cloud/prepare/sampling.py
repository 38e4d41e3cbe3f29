"""Sampling: how many rows of a set or language are trained on, with the labels in their proportions."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from edgewise_cloud.catalogue import Examples
from edgewise_cloud.prepare.config import SamplingConfig
from edgewise_cloud.prepare.keys import sides, task_of

IntArray = NDArray[np.int64]


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return random numbers that depend on a seed and some names, but on nothing else that was drawn."""
    return np.random.default_rng((seed, *(zlib.crc32(name.encode()) for name in names)))


def group_sizes(counts: Mapping[str, int], config: SamplingConfig) -> dict[str, int]:
    """Return how many rows each group is to have.

    Temperature sampling as in Conneau et al., Unsupervised Cross-lingual Representation Learning at Scale
    (ACL 2020), section 3.1: a group's share is proportional to a power of its size, here 1 / temperature.

    >>> group_sizes({"en": 40_000, "da": 400}, SamplingConfig(temperature=2, whole=10_000, repeats=3))
    {'en': 20000, 'da': 1200}
    """
    names = list(counts)
    have = np.array([counts[name] for name in names], dtype=np.float64)
    want = config.whole * (have / config.whole) ** (1 / config.temperature)
    most = have * config.repeats
    if config.rows is not None:
        want *= _scale(want, most, config.rows)
    sizes = np.rint(np.minimum(want, most)).astype(int).tolist()
    return dict(zip(names, sizes, strict=True))


def _scale(want: NDArray[np.float64], most: NDArray[np.float64], rows: int) -> float:
    """Return by how much to stretch `want`, cut at `most`, so that it adds up to `rows`, or nearly."""
    low, high = 0.0, float((most / want).max())
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(want * middle, most).sum() < rows else (low, middle)
    return high


def stratified(labels: Sequence[str], size: int, rng: np.random.Generator) -> IntArray:
    """Choose positions [size] so that each label keeps its share; a position comes again only if it must.

    Shares are rounded by largest remainder.
    """
    n = len(labels)
    whole, rest = divmod(size, n)
    chosen = [np.tile(np.arange(n), whole)]
    if rest:
        places: dict[str, list[int]] = defaultdict(list)
        for place, label in enumerate(labels):
            places[label].append(place)
        strata = [np.array(places[label]) for label in sorted(places)]
        exact = np.array([len(stratum) * rest / n for stratum in strata])
        sizes = np.floor(exact).astype(int)
        order = np.argsort(sizes - exact, kind="stable")
        sizes[order[: rest - int(sizes.sum())]] += 1
        chosen += [rng.permutation(stratum)[:k] for stratum, k in zip(strata, sizes, strict=True)]
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def sample(examples: Examples, config: SamplingConfig, seed: int) -> IntArray:
    """Choose rows, group by group; the choice in one group does not depend on the others' rows.

    Returns:
        Indexes in ascending order; a repeated row's index occurs several times.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for row, (dataset, language) in enumerate(zip(examples.datasets, examples.langs, strict=True)):
        names = {
            "set": dataset,
            "language": f"{task_of(dataset)} {language}",
            "both": f"{dataset} {language}",
        }
        groups[names[config.by]].append(row)
    sizes = group_sizes({name: len(rows) for name, rows in groups.items()}, config)
    said = sides(examples) if config.stratify else [""] * len(examples)
    chosen = []
    for name, rows in groups.items():
        if sizes[name]:
            places = stratified([said[row] for row in rows], sizes[name], generator(seed, name))
            chosen.append(np.array(rows)[places])
    return np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, np.int64)
