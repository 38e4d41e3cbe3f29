"""Near-duplicates: MinHash signatures of character shingles find candidates, exact Jaccard decides.

Broder: On the resemblance and containment of documents, 1997; banding as in Leskovec, Rajaraman, Ullman:
Mining of Massive Datasets, chapter 3.4.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import MissingExtraError
from edgewise_cloud.prepare.config import NearConfig
from edgewise_cloud.prepare.errors import PrepareConfigError
from edgewise_cloud.prepare.keys import same_text_key

logger = logging.getLogger(__name__)

_CHUNK = 50_000
_SEED = 1
_LEAST_FOUND = 0.9
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


def near_copies(
    texts: Sequence[str], labels: Sequence[str], rank: Sequence[int], config: NearConfig
) -> NDArray[np.int64]:
    """Say for each text which one stands for it.

    Texts that are as similar as the configuration says, directly or by way of others, and have the same label
    form a group; the best ranked one stands for all. Short texts stand for themselves.

    Args:
        texts: n texts.
        labels: n labels; texts of different labels never form a group.
        rank: n ranks, the smallest is the best.
        config: What counts as near.

    Returns:
        Indexes [n]; a text that stands for itself has its own.

    Raises:
        PrepareConfigError: The bands do not fit the signature, or would miss too many pairs.
        MissingExtraError: The library rensa is not installed.
    """
    _demand_bands(config)
    keys = [same_text_key(text) for text in texts]
    rows = [row for row, key in enumerate(keys) if len(key) >= max(config.least, config.shingle)]
    flagged = [rows[place] for place in _band_mates([keys[row] for row in rows], config)]
    groups = _Groups(len(texts), rank)
    shingles = {row: _shingles(keys[row], config.shingle) for row in flagged}
    seen: set[tuple[int, int]] = set()
    for pair in _pairs(flagged, keys, labels, rank, config):
        if pair not in seen and groups.leader(pair[0]) != groups.leader(pair[1]):
            seen.add(pair)
            if jaccard(shingles[pair[0]], shingles[pair[1]]) >= config.threshold:
                groups.join(*pair)
    logger.info("near duplicates: %d of %d texts compared, in %d pairs", len(flagged), len(texts), len(seen))
    return np.array([groups.leader(row) for row in range(len(texts))], dtype=np.int64)


def _demand_bands(config: NearConfig) -> None:
    """Demand that at least nine in ten pairs at the threshold become candidates."""
    width, rest = divmod(config.permutations, config.bands)
    if rest or not width:
        raise PrepareConfigError(
            "near.bands", f"{config.bands} do not divide {config.permutations} permutations"
        )
    found = 1 - (1 - config.threshold**width) ** config.bands
    if found < _LEAST_FOUND:
        raise PrepareConfigError(
            "near.bands",
            f"{config.bands} bands of {width} would find {100 * found:.0f} % of the pairs at the threshold "
            f"{config.threshold}; take more bands, or a higher threshold",
        )


class _Groups:
    """Groups of rows, each led by its best ranked one."""

    def __init__(self, rows: int, rank: Sequence[int]) -> None:
        self._above = list(range(rows))
        self._rank = rank

    def leader(self, row: int) -> int:
        above = self._above
        while above[row] != row:
            above[row] = above[above[row]]
            row = above[row]
        return row

    def join(self, one: int, other: int) -> None:
        best, rest = sorted((self.leader(one), self.leader(other)), key=lambda row: self._rank[row])
        self._above[rest] = best


def _shingles(key: str, size: int) -> frozenset[str]:
    return frozenset(key[i : i + size] for i in range(len(key) - size + 1))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of the elements of two sets that both have.

    >>> jaccard(frozenset("abc"), frozenset("bcd"))
    0.5
    """
    both = len(one & other)
    return both / (len(one) + len(other) - both)


def _pairs(
    rows: Sequence[int], keys: Sequence[str], labels: Sequence[str], rank: Sequence[int], config: NearConfig
) -> Iterator[tuple[int, int]]:
    """Yield candidates: each row with the best and the next better one of its band and label."""
    ordered = sorted(rows, key=lambda row: rank[row])
    table = _table([keys[row] for row in ordered], config)
    width = config.permutations // config.bands
    for first in range(0, config.bands * width, width):
        buckets: dict[tuple[bytes, str], list[int]] = defaultdict(list)
        bands = np.ascontiguousarray(table[:, first : first + width])
        for row, band in zip(ordered, bands, strict=True):
            mates = buckets[band.tobytes(), labels[row]]
            if mates:
                yield mates[0], row
                if len(mates) > 1:
                    yield mates[-1], row
            mates.append(row)


def _table(keys: Sequence[str], config: NearConfig) -> NDArray[np.uint32]:
    """Return the MinHash signatures [n, permutations] of keys."""
    parts = [
        np.array(_signatures(keys[i : i + _CHUNK], config).to_rows(), dtype=np.uint32)
        for i in range(0, len(keys), _CHUNK)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, config.permutations), np.uint32)


def _band_mates(keys: Sequence[str], config: NearConfig) -> list[int]:
    """Return the indexes of the keys that share a band of their signature with another one."""
    matrices = [_signatures(keys[i : i + _CHUNK], config) for i in range(0, len(keys), _CHUNK)]
    index = _rensa().RMinHashLSH(config.threshold, config.permutations, config.bands)
    for number, matrix in enumerate(matrices):
        index.insert_matrix(matrix, number * _CHUNK)
    flags = (flag for matrix in matrices for flag in index.query_duplicate_flags_matrix(matrix))
    return [place for place, flag in enumerate(flags) if flag]


def _signatures(keys: Sequence[str], config: NearConfig) -> Any:
    """Return the MinHash signatures of keys as one matrix of the library."""
    hashes, offsets = shingle_hashes(keys, config.shingle)
    return _rensa().RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets, config.permutations, _SEED)


def shingle_hashes(keys: Sequence[str], size: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Hash all runs of `size` characters of all keys.

    Returns:
        Hashes of all keys one after another, and where each key's begin [n + 1].
    """
    points = np.frombuffer("".join(keys).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    lengths = np.array([len(key) for key in keys], dtype=np.int64)
    runs = np.maximum(lengths - size + 1, 0)
    offsets = np.concatenate([[0], np.cumsum(runs)]).astype(np.uint64)
    if points.size < size:
        return np.zeros(0, np.uint64), offsets
    rolled = np.zeros(points.size - size + 1, np.uint64)
    for place in range(size):
        rolled = rolled * _BASE + points[place : place + rolled.size]
    rolled = (rolled ^ (rolled >> np.uint64(29))) * _MIX
    rolled ^= rolled >> np.uint64(32)
    inside = np.ones(points.size, bool)
    ends = np.cumsum(lengths)
    for back in range(1, size):
        # The last size - 1 characters of a key start no run; of a shorter key none does.
        places = (ends - back)[lengths >= back]
        inside[places] = False
    return rolled[inside[: rolled.size]], offsets


def _rensa() -> Any:
    try:
        import rensa
    except ImportError as error:
        raise MissingExtraError("cloud", "Near-duplicate removal") from error
    return rensa
