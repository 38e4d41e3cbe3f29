"""The texts of every test split, and which rows stand in them."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgewise_cloud.catalogue import ALL_LICENCES, Catalogue, Examples, leak_key
from edgewise_cloud.prepare.errors import LeakError
from edgewise_cloud.train.texts import normalize_all

logger = logging.getLogger(__name__)

TEST = "test"
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Texts that nothing may be trained on.

    Attributes:
        places: Names of the test sets in which a text stands, by `leak_key` of the normalised text.
        texts: How many texts were read.
    """

    places: Mapping[str, tuple[str, ...]] = field(repr=False)
    texts: int

    def standing(self, text: str) -> tuple[str, ...]:
        """Return the names of the test sets in which a normalised text stands."""
        return self.places.get(leak_key(text), ())

    def touched(self, examples: Examples) -> NDArray[np.bool_]:
        """Return which rows [n] have a text that stands in a test split."""
        return np.array([leak_key(text) in self.places for text in examples.texts], dtype=np.bool_)

    def check(self, *parts: Examples) -> None:
        """Demand that no row stands in a test split.

        Raises:
            LeakError: Some do; it says where, how many and which.
        """
        rows: Counter[str] = Counter()
        shown: dict[str, list[str]] = defaultdict(list)
        count = 0
        for part in parts:
            for text in part.texts:
                found = self.standing(text)
                count += bool(found)
                for name in found:
                    rows[name] += 1
                    if len(shown[name]) < _EXAMPLES and text not in shown[name]:
                        shown[name].append(text)
        if count:
            raise LeakError([(name, TEST, n, shown[name]) for name, n in rows.most_common()], count)


def held_out(catalogue: Catalogue) -> HeldOut:
    """Read all test splits: every task, tier and licence class, whatever is trained on.

    Texts without a letter or a digit have no key and never count.

    Raises:
        CatalogueError: A test split can't be read.
    """
    names: list[str] = []
    texts: list[str] = []
    for dataset in catalogue.datasets(split=TEST, licences=ALL_LICENCES):
        found = dataset.load(TEST).texts
        texts.extend(found)
        names.extend([dataset.name] * len(found))
    places: dict[str, tuple[str, ...]] = {}
    for name, text in zip(names, normalize_all(texts), strict=True):
        key = leak_key(text)
        known = places.get(key, ())
        if key and name not in known:
            places[key] = (*known, name)
    logger.info("%d texts of test splits", len(texts))
    return HeldOut(places, len(texts))


def drop_leaks(catalogue: Catalogue, train: Examples) -> Examples:
    """Drop rows whose text stands in a test split of any licence class, in any task."""
    found = held_out(catalogue)
    bad = found.touched(train)
    logger.info("leak check against %d test texts: %d training rows dropped", found.texts, int(bad.sum()))
    return train.take(np.flatnonzero(~bad))
