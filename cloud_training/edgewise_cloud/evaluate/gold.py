"""The texts to be judged and their right answers, set by set."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import ALL_LICENCES, Catalogue, Dataset, Examples
from edgewise_cloud.catalogue.schemes import SentimentScheme, ToxicityScheme


@dataclass(frozen=True, slots=True)
class Gold:
    """A set of texts with right answers.

    Attributes:
        name: Name of the data set, or of the user's file.
        task: sentiment, toxicity or emotion.
        split: train, dev or test; "-" for a user's file.
        examples: The rows; see `Examples` for what is masked.
        views: Named sub-sets: rows whose label is one of these, answers restricted to them.
        definition: What toxic means in the set; empty for other tasks.
        prevalence: (toxic, all) rows of the published split, where the set is a balanced sample of it.
    """

    name: str
    task: str
    split: str
    examples: Examples
    views: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    definition: str = ""
    prevalence: tuple[int, int] | None = None

    def choice(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the right label of each row [n], and the labels its set has [n, labels].

        The label is -1 where there is not one: a row with several emotions has no single right label.
        """
        if self.task == "sentiment":
            return self.examples.sentiment, self.examples.sentiment_allowed
        spread = self.examples.emotion
        single = (spread == 1.0).any(axis=1)
        return np.where(single, np.argmax(spread == 1.0, axis=1), -1), ~np.isnan(spread)


def choose(n: int, limit: int | None, seed: int, name: str) -> NDArray[np.int64]:
    """Return the indexes of at most `limit` of n rows, in order: the same ones for the same seed and name."""
    if limit is None or n <= limit:
        return np.arange(n)
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return np.sort(generator.choice(n, size=limit, replace=False))


def pick_datasets(catalogue: Catalogue, task: str, split: str, names: Collection[str]) -> list[Dataset]:
    """Return the sets to evaluate a task on: those named, else all of tier main with rows in the split.

    Sets of every licence class are allowed: evaluation trains nothing.
    """
    if not names:
        return catalogue.datasets(task, licences=ALL_LICENCES, tiers=["main"], split=split)
    found = [
        catalogue.dataset(name, licences=ALL_LICENCES) for name in names if not name.startswith("language/")
    ]
    return [dataset for dataset in found if dataset.task == task and dataset.rows.get(split, 0)]


def gold_sets(
    datasets: Sequence[Dataset],
    split: str,
    *,
    languages: Collection[str] = (),
    limit: int | None = None,
    seed: int = 0,
) -> Iterator[Gold]:
    """Read the sets one after another, so that one at a time is in memory.

    Args:
        datasets: Which.
        split: train, dev or test.
        languages: Keep only rows of these; all by default.
        limit: At most so many rows a set, chosen by the seed.
        seed: Of that choice.

    Raises:
        CatalogueError: A file is missing, broken or holds unknown labels.
    """
    for dataset in datasets:
        examples = dataset.examples(split)
        if languages:
            examples = examples.take(
                [i for i, language in enumerate(examples.langs) if language in languages]
            )
        examples = examples.take(choose(len(examples), limit, seed, dataset.name))
        if not len(examples):
            continue
        scheme = dataset.scheme
        yield Gold(
            name=dataset.name,
            task=dataset.task,
            split=split,
            examples=examples,
            views=scheme.views if isinstance(scheme, SentimentScheme) else {},
            definition=scheme.definition if isinstance(scheme, ToxicityScheme) else "",
            prevalence=scheme.prevalence if isinstance(scheme, ToxicityScheme) else None,
        )


def label_names(task: str, allowed: NDArray[np.bool_]) -> tuple[str, ...]:
    """Return the names of the labels that any row of `allowed` [n, labels] permits."""
    return tuple(label for i, label in enumerate(LABELS[task]) if allowed[:, i].any())
