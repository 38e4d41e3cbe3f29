"""From a table of features to the arrays that a device reads as they lie in the file.

The keys go into a perfect hash table: one look finds a feature or says that it is not there. It is built by
"hash and displace": keys that share their first bits are a bucket, and each bucket, the largest first, gets
a multiplier that throws its keys on free slots. Belazzougui, Botelho and Dietzfelbinger, "Hash, Displace, and
Compress" (2009).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.language.table import LAYOUT, SIZE_BITS, SLACK, bucket_bits, slots_of

_FULL = 0.9  # share of the slots in use: less room, and a few more tries for the last keys
_MULTIPLIERS = 1 << 16
_WHOLE = 1 << SIZE_BITS  # entries that make a whole row worth its room; fewer have their number in `where`


def lay_out(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Lay a language model out for `edgewise.language.LanguageModel`.

    Args:
        arrays: `keys` [features], sorted hashes without repeats; `sizes` [features], the entries of each;
            `language` and `delta` [entries], the class and the weight of each entry; `base`
            [columns, classes]; others are handed on.

    Returns:
        `layout`; `multipliers` and `slots`, see `edgewise.language.table.FeatureTable`; `rows`
        [whole rows, classes], the weights of features that many classes share; `language` and `delta`, the
        entries of all others, one feature after the other; and the arrays that were handed on.

    Raises:
        ValueError: there is no key, or there are keys that repeat.
    """
    keys = np.asarray(arrays["keys"], np.uint32)
    sizes = arrays["sizes"].astype(np.int64)
    if not len(keys) or (keys[1:] <= keys[:-1]).any():
        raise ValueError("keys must be sorted, without repeats, and at least one")
    whole = sizes >= _WHOLE
    multipliers, slots = place_keys(keys)
    table = np.zeros((slots, 2), np.uint32)
    table[:, 0] = keys[0]  # in empty slots, too: a key is never looked for outside its own
    mine = slots_of(keys, multipliers, slots)
    table[mine, 0] = keys
    rows, sparse = int(whole.sum()), np.where(whole, 0, sizes)
    first = np.cumsum(sparse) - sparse
    table[mine, 1] = np.where(whole, np.cumsum(whole) - 1, rows + (first << SIZE_BITS | sparse))
    entries = np.repeat(whole, sizes)
    dense = np.zeros((rows, arrays["base"].shape[1]), np.int8)
    owner = np.repeat(np.cumsum(whole) - 1, sizes)[entries]
    dense[owner, arrays["language"][entries]] = arrays["delta"][entries]
    handed_on = {name: array for name, array in arrays.items() if name not in ("keys", "sizes")}
    return handed_on | {
        "layout": np.array([LAYOUT], np.uint8),
        "multipliers": multipliers,
        "slots": table,
        "rows": dense,
        "language": _with_slack(arrays["language"][~entries]),
        "delta": _with_slack(arrays["delta"][~entries]),
    }


def _with_slack(values: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate((values, np.zeros(SLACK, values.dtype)))


def place_keys(keys: NDArray[np.uint32]) -> tuple[NDArray[np.uint16], int]:
    """Find multipliers that give every key a slot of its own.

    Args:
        keys: Keys, no repeats.

    Returns:
        The multiplier of each bucket, and the number of slots.
    """
    slots = int(len(keys) / _FULL) | 1
    while True:
        multipliers = _try_to_place(keys, slots)
        if multipliers is not None:
            return multipliers, slots
        slots = int(slots * 1.02 + 2) | 1


def _try_to_place(keys: NDArray[np.uint32], slots: int) -> NDArray[np.uint16] | None:
    bits = bucket_bits(len(keys))
    multipliers = np.ones(1 << bits, np.uint16)
    bucket = (keys.astype(np.uint64) >> np.uint64(32 - bits)).astype(np.int64)
    order = np.argsort(bucket, kind="stable")
    counts = np.bincount(bucket, minlength=1 << bits)
    starts = np.cumsum(counts) - counts
    free = np.ones(slots, bool)
    for size in range(int(counts.max()), 0, -1):
        left = np.flatnonzero(counts == size)
        members = keys[order[starts[left][:, None] + np.arange(size)]]
        for multiplier in range(1, _MULTIPLIERS, 2):
            if not len(left):
                break
            placed = _settle(members, multiplier, slots, free)
            multipliers[left[placed]] = multiplier
            left, members = left[~placed], members[~placed]
        if len(left):
            return None
    return multipliers


def _settle(
    members: NDArray[np.uint32], multiplier: int, slots: int, free: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Put those buckets [n, size] down whose slots are free and wanted by no other; return which [n]."""
    wanted = (members * np.uint32(multiplier) % np.uint32(slots)).astype(np.int64)
    fits = np.asarray(free[wanted].all(axis=1))
    number = np.flatnonzero(fits)[::-1]  # of two that want a slot, the earlier writes last and has it
    owner = np.zeros(slots, np.int32)
    cell = np.arange(wanted.size, dtype=np.int32).reshape(wanted.shape)
    owner[wanted[number][:, ::-1]] = cell[number][:, ::-1]
    fits &= (owner[wanted] == cell).all(axis=1)
    free[wanted[fits]] = False
    return fits
