"""From a table of features to the packed arrays of `edgewise.language.packed`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.language.features import EMPTY_HASHES, codes_of, hashes_of
from edgewise.language.packed import MOST_LEVEL, PACKED_LAYOUT, pack_letters, pack_levels
from edgewise.language.table import slots_of
from edgewise_distill.language.layout import place_keys

MOST_ROWS = 1 << 16
"""The number of a row is 16 bits."""

_KEY = np.uint32(MOST_ROWS - 1)


def same_rows(
    sizes: NDArray[np.int64], language: NDArray[np.integer[Any]], level: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Number features so that those whose entries are the same have one number.

    Args:
        sizes: [features], entries of each.
        language: [entries], class of each, rising within a feature.
        level: [entries].

    Returns:
        int64 [features], from 0, in the order in which they first come.
    """
    pairs = np.stack((language.astype(np.uint8), level), axis=1).tobytes()
    ends = (2 * np.cumsum(sizes)).tolist()
    numbers: dict[bytes, int] = {}
    starts = [0, *ends[:-1]]
    found = [
        numbers.setdefault(pairs[start:end], len(numbers)) for start, end in zip(starts, ends, strict=True)
    ]
    return np.array(found, np.int64)


def lay_out_packed(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Lay a language model out as the packed layout has it.

    Args:
        arrays: See `edgewise_distill.language.layout.lay_out`; `delta` are levels, 1 to `MOST_LEVEL`.

    Returns:
        The arrays of the file.

    Raises:
        ValueError: keys repeat or there is none, a level is out of range, or there are more than `MOST_ROWS`
            different rows.
    """
    keys, level = np.asarray(arrays["keys"], np.uint32), arrays["delta"]
    if not len(keys) or (keys[1:] <= keys[:-1]).any():
        raise ValueError("keys must be sorted, without repeats, and at least one")
    if len(level) and not 1 <= int(level.min()) <= int(level.max()) <= MOST_LEVEL:
        raise ValueError(f"a level is not among 1 to {MOST_LEVEL}")
    level = level.astype(np.uint8)
    sizes = arrays["sizes"].astype(np.int64)
    row = same_rows(sizes, arrays["language"], level)
    _, first = np.unique(row, return_index=True)
    if len(first) > MOST_ROWS:
        raise ValueError(f"there are {len(first)} different rows, more than {MOST_ROWS}")
    multipliers, slots = place_keys(keys)
    table = np.zeros((slots, 2), np.uint16)
    mine = slots_of(keys, multipliers, slots)
    table[mine, 0] = keys & _KEY
    table[mine, 1] = row
    _hide_blanks(table, multipliers, arrays["letters"])
    shown = np.zeros(len(keys), bool)
    shown[first] = True
    entries = np.repeat(shown, sizes)
    left_out = ("keys", "sizes", "language", "delta", "letters")
    handed_on = {name: array for name, array in arrays.items() if name not in left_out}
    return handed_on | {
        "layout": np.array([PACKED_LAYOUT], np.uint8),
        "letter_runs": pack_letters(arrays["letters"]),
        "multipliers": multipliers,
        "slots": table,
        "sizes": sizes[first].astype(np.uint8),
        "language": arrays["language"][entries].astype(np.uint8),
        "levels": pack_levels(level[entries]),
    }


def _hide_blanks(
    table: NDArray[np.uint16], multipliers: NDArray[np.uint16], letters: NDArray[np.integer[Any]]
) -> None:
    """Let no slot be taken for that of a hash which is looked for in every text and is no feature."""
    blank = hashes_of(codes_of([""], letters.astype(np.uint32))).ravel()
    looked_for = np.concatenate((EMPTY_HASHES, blank))
    slot = slots_of(looked_for, multipliers, len(table))
    taken = np.unique(slot[table[slot, 0] == (looked_for & _KEY)])
    table[taken, 0] ^= np.uint16(1)  # a feature that was there is lost
