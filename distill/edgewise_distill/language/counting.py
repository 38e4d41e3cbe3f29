"""Count the n-grams and words of each language, as sorted hashes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgewise.language.features import (
    BOUNDARY,
    COLUMNS,
    EMPTY_HASHES,
    MAX_ORDER,
    SPACE,
    WORD_COLUMN,
    codes_of,
    hashes_of,
    letter_table,
)

_CHUNK = 4000


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each language has each feature.

    One entry is a pair of a feature and a language that has it; entries are sorted by feature.

    Attributes:
        languages: Names, by number.
        keys: uint32 [features], sorted hashes.
        order: uint8 [features], column of `hashes_of` that the feature comes from.
        sizes: int64 [features], number of entries of each feature.
        language: int16 [entries].
        count: float32 [entries].
        totals: float64 [COLUMNS, languages], all tokens of a column in a language, rare ones included.
    """

    languages: tuple[str, ...]
    keys: NDArray[np.uint32]
    order: NDArray[np.uint8]
    sizes: NDArray[np.int64]
    language: NDArray[np.int16]
    count: NDArray[np.float32]
    totals: NDArray[np.float64]


def valid_places(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Tell which hashes of `hashes_of(codes)` are real features: inside one text, not a lone space."""
    size = len(codes)
    valid = np.ones((size, COLUMNS), bool)
    breaks = np.flatnonzero(codes == BOUNDARY)
    for column in range(MAX_ORDER):
        for back in range(column + 1):
            places = breaks - back
            valid[places[places >= 0], column] = False
        if column:
            valid[max(size - column, 0) :, column] = False
    blank = codes <= SPACE
    valid[:, 0] &= ~blank
    valid[:, WORD_COLUMN] = False
    valid[1:, WORD_COLUMN] = blank[:-1] & ~blank[1:]
    return valid


def _hashes(
    texts: Sequence[str], letters: NDArray[np.uint32]
) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    hashes, orders = [], []
    column = np.arange(COLUMNS, dtype=np.uint8)
    for _, _, valid, found in _chunks(texts, letters):
        hashes.append(found[valid])
        orders.append(np.broadcast_to(column, valid.shape)[valid])
    return np.concatenate(hashes), np.concatenate(orders)


def _chunks(
    texts: Sequence[str], letters: NDArray[np.uint32]
) -> Iterator[tuple[int, NDArray[np.uint32], NDArray[np.bool_], NDArray[np.uint32]]]:
    """Yield the first text of each chunk, its codes, which places are features, and their hashes."""
    for first in range(0, len(texts), _CHUNK):
        codes = codes_of(texts[first : first + _CHUNK], letters)
        yield first, codes, valid_places(codes), hashes_of(codes)


def features_by_line(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Hash the features of texts, text by text and by position.

    Returns:
        The hashes of all texts, and the number of each text's.
    """
    hashes, sizes = [], []
    for first, codes, valid, found in _chunks(texts, letter_table()):
        line = np.cumsum(codes == BOUNDARY)
        lines = len(texts[first : first + _CHUNK])
        hashes.append(found[valid])
        sizes.append(np.bincount(line, valid.sum(axis=1), lines).astype(np.int64))
    return np.concatenate(hashes), np.concatenate(sizes)


def count(texts: Mapping[str, Sequence[str]], least: int = 2) -> Counts:
    """Count the features of each language's texts.

    Args:
        texts: By language; none may be empty.
        least: Features seen fewer times in all are dropped.
    """
    letters = letter_table()
    languages = tuple(texts)
    keys, owners, counts, orders = [], [], [], []
    totals = np.zeros((COLUMNS, len(languages)))
    for place, lines in enumerate(texts.values()):
        hashes, order = _hashes(lines, letters)
        totals[:, place] = np.bincount(order, minlength=COLUMNS)
        found, first, times = np.unique(hashes, return_index=True, return_counts=True)
        keys.append(found)
        owners.append(np.full(len(found), place, np.int16))
        counts.append(times.astype(np.float32))
        orders.append(order[first])
    return _merge(languages, keys, owners, counts, orders, totals, least)


def _merge(
    languages: tuple[str, ...],
    keys: Iterable[NDArray[np.uint32]],
    owners: Iterable[NDArray[np.int16]],
    counts: Iterable[NDArray[np.float32]],
    orders: Iterable[NDArray[np.uint8]],
    totals: NDArray[np.float64],
    least: int,
) -> Counts:
    key = np.concatenate(list(keys))
    sorting = np.argsort(key, kind="stable")
    key = key[sorting]
    owner, times, order = (np.concatenate(list(part))[sorting] for part in (owners, counts, orders))
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    sizes = np.diff(np.r_[starts, len(key)])
    # A feature that happens to have the hash of a place where nothing starts would be found in every text.
    kept = (np.add.reduceat(times, starts) >= least) & ~np.isin(key[starts], EMPTY_HASHES)
    entries = np.repeat(kept, sizes)
    return Counts(
        languages, key[starts[kept]], order[starts[kept]], sizes[kept], owner[entries], times[entries], totals
    )
