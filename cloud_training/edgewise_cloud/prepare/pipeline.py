"""Data preparation: named steps from the catalogue to rows that a model may be trained on."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise_cloud.catalogue import Catalogue, Dataset, Examples, leak_key
from edgewise_cloud.prepare.augment.step import augmented, is_augmented, origin_of
from edgewise_cloud.prepare.class_weights import class_weights, named, weighted
from edgewise_cloud.prepare.clean import faults
from edgewise_cloud.prepare.config import PrepareConfig
from edgewise_cloud.prepare.dev import carve_dev
from edgewise_cloud.prepare.duplicates import without_conflicts, without_copies, without_near_copies
from edgewise_cloud.prepare.errors import NothingLeftError
from edgewise_cloud.prepare.held_out import HeldOut, held_out
from edgewise_cloud.prepare.keys import LABELLED_TASKS, same_text_key, sides, task_of
from edgewise_cloud.prepare.load import chosen_sets, demand_two_classes, load_rows
from edgewise_cloud.prepare.noisy import without_noisy
from edgewise_cloud.prepare.report import PrepareReport, Step, rows_by_set
from edgewise_cloud.prepare.sampling import sample

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows to train on.

    Attributes:
        train: Training rows; texts are normalised.
        dev: Dev rows, published or carved; texts are normalised.
        report: What each step did.
        class_weights: By task, [labels]; for toxicity [attributes, 2], negative and positive.
    """

    train: Examples
    dev: Examples
    report: PrepareReport
    class_weights: Mapping[str, NDArray[np.float64]] = field(repr=False)

    @property
    def augmented(self) -> NDArray[np.bool_]:
        """Which training rows [n] are synthetic; their set's name ends with "+" and the kind."""
        return np.array([is_augmented(name) for name in self.train.datasets], dtype=np.bool_)


class _Run:
    """The rows between two steps, and the steps so far."""

    def __init__(self, train: Examples, dev: Examples, notes: Mapping[str, int]) -> None:
        self.train = train
        self.dev = dev
        self.steps = [Step("load", {}, rows_by_set(train), rows_by_set(dev), notes)]

    def done(
        self,
        name: str,
        train: Examples | None = None,
        dev: Examples | None = None,
        notes: Mapping[str, int | float | str] | None = None,
    ) -> None:
        """Take over the rows that a step left."""
        before = self.steps[-1].after
        self.train = self.train if train is None else train
        self.dev = self.dev if dev is None else dev
        after = rows_by_set(self.train)
        self.steps.append(Step(name, before, after, rows_by_set(self.dev), notes or {}))
        logger.info("%s: %d of %d training rows", name, len(self.train), sum(before.values()))
        if not len(self.train):
            raise NothingLeftError(name)


def prepare_rows(
    catalogue: Catalogue,
    config: PrepareConfig,
    licences: Iterable[str],
    languages: Collection[str] | None = None,
    tasks: Collection[str] | None = None,
    seed: int = 17,
) -> Prepared:
    """Take the catalogue to training and dev rows, step by step.

    The same arguments give the same rows. Test splits of every licence class, tier and task are held out.

    Args:
        catalogue: The data.
        config: Which steps run, and how.
        licences: Licence classes that may be trained on.
        languages: Only rows in these languages; all if None.
        tasks: Only sets of these tasks; all if None.
        seed: Of every random choice.

    Raises:
        NothingToTrainError: No set has rows.
        NothingLeftError: A step took the last row.
        OneClassError: A set, or all that is left of a task, has one class only.
        LeakError: With `leaks` "fail": a text stands in a test split.
        UnknownTaskNameError: A task does not exist.
        CatalogueError: A set is unknown, refused or can't be read.
    """
    allowed = frozenset(licences)
    sets = chosen_sets(catalogue, config, allowed, tasks)
    run = _Run(*load_rows(sets, config, allowed, languages, seed))
    _clean(run, config)
    _duplicates(run, config, seed)
    held = held_out(catalogue)
    _leaks(run, config, held)
    _dev(run, config)
    _sampling(run, config, seed)
    _augment(run, config, held, seed)
    held.check(run.train, run.dev)
    weights = class_weights(run.train, config.class_weights)
    if config.class_weights.apply:
        run.done("class weights", weighted(run.train, weights))
    _demand_classes(run.train)
    settings = {
        "config": config.to_dict(),
        "licences": sorted(allowed),
        "languages": sorted(languages) if languages else None,
        "tasks": sorted(tasks) if tasks else None,
        "seed": seed,
    }
    report = PrepareReport(run.steps, settings, _sets(sets, run.train), _labels(run.train), named(weights))
    return Prepared(run.train, run.dev, report, weights)


def _clean(run: _Run, config: PrepareConfig) -> None:
    if not config.clean.on:
        return
    kept, counts = faults(run.train.texts, config.clean)
    kept_dev, _ = faults(run.dev.texts, config.clean)
    run.done("clean", run.train.take(kept), run.dev.take(kept_dev), counts)


def _duplicates(run: _Run, config: PrepareConfig, seed: int) -> None:
    if config.conflicts.on:
        kept, counts = without_conflicts(run.train, config.conflicts.majority)
        run.done("conflicts", run.train.take(kept), notes=counts)
    if config.exact.on:
        run.done("exact duplicates", run.train.take(without_copies(run.train)))
    if config.near.on:
        kept, counts = without_near_copies(run.train, run.dev, config.near)
        run.done("near duplicates", run.train.take(kept), notes=counts)
    if config.noisy.on:
        kept, counts = without_noisy(run.train, config.noisy, seed)
        run.done("noisy labels", run.train.take(kept), notes=counts)


def _leaks(run: _Run, config: PrepareConfig, held: HeldOut) -> None:
    """Drop what stands in a test split, or refuse to go on."""
    if config.leaks == "fail":
        held.check(run.train, run.dev)
    bad, bad_dev = held.touched(run.train), held.touched(run.dev)
    notes = {"test texts": held.texts, "dev rows dropped": int(bad_dev.sum())}
    run.done("leaks", run.train.take(np.flatnonzero(~bad)), run.dev.take(np.flatnonzero(~bad_dev)), notes)


def _dev(run: _Run, config: PrepareConfig) -> None:
    """Carve dev rows, then drop training rows of the same task that repeat one."""
    published = len(run.dev)
    train, dev = carve_dev(run.train, run.dev, config.dev.part, config.dev.most)
    seen = {(task_of(name), same_text_key(text)) for name, text in zip(dev.datasets, dev.texts, strict=True)}
    kept = [
        row
        for row, (name, text) in enumerate(zip(train.datasets, train.texts, strict=True))
        if (task_of(name), same_text_key(text)) not in seen
    ]
    notes = {"carved": len(dev) - published, "repeated in dev": len(train) - len(kept)}
    run.done("dev", train.take(kept), dev, notes)


def _sampling(run: _Run, config: PrepareConfig, seed: int) -> None:
    rows = sample(run.train, config.sampling, seed)
    repeated = len(rows) - len(np.unique(rows))
    run.done("sampling", run.train.take(rows), notes={"repeats": repeated} if repeated else {})


def _augment(run: _Run, config: PrepareConfig, held: HeldOut, seed: int) -> None:
    """Add synthetic rows, none of which repeats a dev or test text."""
    if config.augment.on:
        taken = held.places.keys() | {leak_key(text) for text in run.dev.texts}
        made, counts = augmented(run.train, config.augment, seed, taken)
        run.done("augment", Examples.concat([run.train, made]), notes=counts)


def _demand_classes(train: Examples) -> None:
    """Demand that each task that is left has two classes."""
    names = [task_of(name) for name in train.datasets]
    for task in sorted(set(names)):
        demand_two_classes(task, train.take([row for row, name in enumerate(names) if name == task]))


def _sets(sets: Sequence[Dataset], train: Examples) -> list[dict[str, Any]]:
    rows = Counter(origin_of(name) for name in train.datasets)
    synthetic = Counter(origin_of(name) for name in train.datasets if is_augmented(name))
    return [
        {
            "name": dataset.name,
            "title": dataset.title,
            "licence": dataset.licence,
            "licence_class": dataset.licence_class,
            "rows": rows[dataset.name],
            "synthetic_rows": synthetic[dataset.name],
            "sha256": dataset.facts.sha256,
        }
        for dataset in sets
        if rows[dataset.name]
    ]


def _labels(train: Examples) -> dict[str, dict[str, int]]:
    """Return rows by task and label, most first; labels of several emotions are counted as such."""
    counts: dict[str, Counter[str]] = {task: Counter() for task in LABELLED_TASKS}
    for name, side in zip(train.datasets, sides(train), strict=True):
        counts[task_of(name)][side] += 1
    return {task: dict(found.most_common()) for task, found in counts.items() if found}
