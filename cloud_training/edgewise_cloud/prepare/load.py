"""From the catalogue to normalised training and dev rows."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np

from edgewise_cloud.catalogue import ALL_LICENCES, Catalogue, Dataset, Examples
from edgewise_cloud.prepare.clean import repair_encoding
from edgewise_cloud.prepare.config import PrepareConfig
from edgewise_cloud.prepare.errors import NothingToTrainError, OneClassError, UnknownTaskNameError
from edgewise_cloud.prepare.keys import LABELLED_TASKS, sides
from edgewise_cloud.prepare.sampling import generator, stratified
from edgewise_cloud.train.texts import normalize_all

logger = logging.getLogger(__name__)


def chosen_sets(
    catalogue: Catalogue, config: PrepareConfig, licences: Iterable[str], tasks: Collection[str] | None
) -> list[Dataset]:
    """Return the sets that a run may use, sorted by name.

    Raises:
        UnknownTaskNameError: A task has no labelled sets.
        UnknownDatasetError: A set that the configuration names does not exist.
        LicenceRefusedError: Its licence class is not allowed.
    """
    for task in tasks or ():
        if task not in LABELLED_TASKS:
            raise UnknownTaskNameError(task, LABELLED_TASKS)
    allowed = frozenset(licences)
    without = {catalogue.dataset(name, licences=ALL_LICENCES).name for name in config.without}
    only = {catalogue.dataset(name, licences=allowed).name for name in config.datasets}
    return [
        dataset
        for dataset in catalogue.datasets(licences=allowed, tiers=config.tiers)
        if (not tasks or dataset.task in tasks)
        and (not only or dataset.name in only)
        and dataset.name not in without
    ]


def load_rows(
    sets: Iterable[Dataset],
    config: PrepareConfig,
    licences: Iterable[str],
    languages: Collection[str] | None,
    seed: int,
) -> tuple[Examples, Examples, dict[str, int]]:
    """Load, repair and normalise the training and dev rows of some sets.

    Args:
        sets: Which sets.
        config: `limit`, `clean.repair` and `one_sided` count.
        licences: For messages.
        languages: Only rows in these; all if None or empty.
        seed: Of the choice when there are more rows than `limit`.

    Returns:
        Training rows, dev rows, and counts for the report.

    Raises:
        NothingToTrainError: No set has training rows.
        OneClassError: A set has one class only, and may not.
        CatalogueError: A set can't be read.
    """
    train: list[Examples] = []
    dev: list[Examples] = []
    for dataset in sets:
        for split, parts in (("train", train), ("dev", dev)):
            if dataset.rows.get(split, 0):
                part = dataset.examples(split)
                if split == "train" and dataset.name not in config.one_sided:
                    demand_two_classes(dataset.name, part)
                parts.append(_limited(_in_languages(part, languages), config.limit, seed, split))
    rows = Examples.concat(train), Examples.concat(dev)
    if not len(rows[0]):
        raise NothingToTrainError("train", sorted(licences))
    texts = [*rows[0].texts, *rows[1].texts]
    notes = {"sets": len(train)}
    if config.clean.on and config.clean.repair:
        repaired = [repair_encoding(text) for text in texts]
        notes["texts with repaired encoding"] = sum(a != b for a, b in zip(texts, repaired, strict=True))
        texts = repaired
    texts = normalize_all(texts)
    logger.info("%d training and %d dev rows of %d sets", len(rows[0]), len(rows[1]), len(train))
    first = len(rows[0])
    return replace(rows[0], texts=texts[:first]), replace(rows[1], texts=texts[first:]), notes


def demand_two_classes(name: str, examples: Examples) -> None:
    """Demand that the rows of a set or a task do not all say the same.

    Raises:
        OneClassError: They do.
    """
    task = name.split("/", 1)[0]
    if task == "toxicity":
        told = [column[~np.isnan(column)] for column in examples.toxicity.T]
        if any(np.unique(column).size > 1 for column in told):
            return
    labels = set(sides(examples))
    if len(labels) == 1:
        raise OneClassError(name, labels.pop(), len(examples))


def _in_languages(examples: Examples, languages: Collection[str] | None) -> Examples:
    if not languages:
        return examples
    return examples.take([row for row, language in enumerate(examples.langs) if language in languages])


def _limited(examples: Examples, limit: int | None, seed: int, split: str) -> Examples:
    """Take so many rows at most, the labels in their proportions."""
    if limit is None or len(examples) <= limit:
        return examples
    rng = generator(seed, "limit", split, examples.datasets[0])
    return examples.take(stratified(sides(examples), limit, rng))
