"""Texts with right answers in the form that predictions keep them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgewise.labels import LABELS
from edgewise_cloud.evaluate.gold import Gold
from edgewise_cloud.predictions.arrays import Marks, Objects, objects


@dataclass(frozen=True, slots=True)
class GoldRows:
    """One task's texts [n] with right answers over L labels.

    Attributes:
        task: language, sentiment, toxicity or emotion.
        labels: The labels, in the order of the columns.
        dataset: Name of the set.
        split: train, dev or test.
        langs: Language code of each text [n].
        texts: The texts [n].
        gold: Right labels bool [n, L].
        known: Labels that the set annotates or allows bool [n, L].
        slices: Tags of each text [n].
    """

    task: str
    labels: tuple[str, ...]
    dataset: str
    split: str
    langs: Objects
    texts: Objects
    gold: Marks
    known: Marks
    slices: Objects

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.texts)

    def part(self, start: int, stop: int) -> GoldRows:
        """Return the rows from `start` to before `stop`."""
        rows = slice(start, stop)
        cut = {name: getattr(self, name)[rows] for name in ("langs", "texts", "gold", "known", "slices")}
        return replace(self, **cut)

    @staticmethod
    def of(gold: Gold) -> GoldRows:
        """Return the rows of a set as `edgewise_cloud.evaluate.gold.gold_sets` yields them."""
        examples = gold.examples
        n = len(examples)
        if gold.task == "sentiment":
            right = examples.sentiment[:, None] == np.arange(len(LABELS["sentiment"]))
            known = examples.sentiment_allowed
        else:
            values = examples.toxicity if gold.task == "toxicity" else examples.emotion
            right, known = np.nan_to_num(values) > 0, ~np.isnan(values)
        return GoldRows(
            task=gold.task,
            labels=LABELS[gold.task],
            dataset=gold.name,
            split=gold.split,
            langs=objects(examples.langs, n),
            texts=objects(examples.texts, n),
            gold=right & known,
            known=known,
            slices=objects([()] * n, n),
        )

    @staticmethod
    def of_languages(texts: Sequence[str], langs: Sequence[str], dataset: str, split: str) -> GoldRows:
        """Return texts with the language that each is written in."""
        labels = tuple(sorted(set(langs)))
        right = np.array(langs, dtype=object)[:, None] == np.array(labels, dtype=object)
        return GoldRows(
            task="language",
            labels=labels,
            dataset=dataset,
            split=split,
            langs=objects(langs, len(texts)),
            texts=objects(texts, len(texts)),
            gold=right.astype(np.bool_),
            known=np.ones_like(right, dtype=np.bool_),
            slices=objects([()] * len(texts), len(texts)),
        )
