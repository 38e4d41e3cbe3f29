"""Synthetic training rows, kind by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Examples, leak_key
from edgewise_cloud.prepare.augment import (
    casing,
    elongation,
    emoji,
    identity,
    negation,
    obfuscation,
    typos,
)
from edgewise_cloud.prepare.config import AugmentConfig, AugmentKind
from edgewise_cloud.prepare.keys import sides, task_of
from edgewise_cloud.prepare.sampling import generator
from edgewise_cloud.train.texts import normalize_all

MARK = "+"
_Can = Callable[[str, str], bool]
_Make = Callable[[str, str, np.random.Generator], str | None]
_PLAIN: dict[str, tuple[_Can, _Make]] = {
    "typos": (typos.can, typos.make),
    "casing": (casing.can, casing.make),
    "elongation": (elongation.can, elongation.make),
    "obfuscation": (obfuscation.can, obfuscation.make),
    "identity": (identity.can, identity.make),
}


def origin_of(dataset: str) -> str:
    """Return the set that a row, synthetic or not, comes from.

    >>> origin_of("sentiment/en_sst+typos"), origin_of("sentiment/en_sst")
    ('sentiment/en_sst', 'sentiment/en_sst')
    """
    return dataset.split(MARK, 1)[0]


def is_augmented(dataset: str) -> bool:
    """Tell whether rows of a set's name are synthetic."""
    return MARK in dataset


def augmented(
    train: Examples, config: AugmentConfig, seed: int, taken: Collection[str] = ()
) -> tuple[Examples, dict[str, int]]:
    """Make synthetic rows from training rows.

    Each stands for itself, with the set's name and its kind ("sentiment/en_sst+typos"), and with less weight.
    Its text is normalised, as on the device: what normalisation undoes is dropped.

    Args:
        train: Training rows; texts are normalised.
        config: Which kinds, and how many.
        seed: Of every random choice.
        taken: Keys (`leak_key`) of texts that must not be made, such as those of dev rows.

    Returns:
        The new rows alone, and how many of each kind.
    """
    rows = [
        row for row, name in enumerate(train.datasets) if not config.tasks or task_of(name) in config.tasks
    ]
    said = sides(train)
    parts = []
    counts: dict[str, int] = {}
    for kind in config.kinds:
        part = _of_kind(train, rows, said, kind, seed, taken)
        counts[kind.name] = len(part)
        parts.append(replace(part, weights=part.weights * np.float32(config.weight)))
    return Examples.concat(parts), counts


def _of_kind(
    train: Examples, rows: list[int], said: list[str], kind: AugmentKind, seed: int, taken: Collection[str]
) -> Examples:
    rng = generator(seed, "augment", kind.name)
    able = [row for row in rows if _can(train, row, said[row], kind.name)]
    chosen = sorted(rng.permutation(able)[: round(kind.share * len(able))].tolist()) if able else []
    made = [(row, _make(train, row, said[row], kind.name, rng)) for row in chosen]
    found = [(row, text) for row, text in made if text is not None]
    texts = normalize_all([text for _, text in found])
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for (row, _), text in zip(found, texts, strict=True):
        same = text, task_of(train.datasets[row])
        if text != train.texts[row] and leak_key(text) not in taken and not seen[same]:
            kept.append((row, text))
            seen[same] += 1
    part = train.take([row for row, _ in kept])
    names = [f"{name}{MARK}{kind.name}" for name in part.datasets]
    labels = part.sentiment
    if kind.name == "negation":
        names_of = LABELS["sentiment"]
        labels = np.array([names_of.index(negation.flipped(said[row])) for row, _ in kept], dtype=np.int64)
    return replace(part, texts=[text for _, text in kept], datasets=names, sentiment=labels)


def _can(train: Examples, row: int, side: str, kind: str) -> bool:
    text, language, task = train.texts[row], train.langs[row], task_of(train.datasets[row])
    if kind == "emoji":
        return emoji.can(task, side)
    if kind == "negation":
        return task == "sentiment" and negation.can(text, language, side)
    return _PLAIN[kind][0](text, language)


def _make(train: Examples, row: int, side: str, kind: str, rng: np.random.Generator) -> str | None:
    text, language, task = train.texts[row], train.langs[row], task_of(train.datasets[row])
    if kind == "emoji":
        return emoji.make(text, task, side, rng)
    if kind == "negation":
        return negation.make(text, side, rng)
    return _PLAIN[kind][1](text, language, rng)
