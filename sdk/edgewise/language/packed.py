"""The packed layout of a language model's file, for small models: what is unpacked when it is loaded.

Features that say the same of every class share one row; a row is kept as its few entries of 4 bits each, of a
key only its last 16 bits, and of the letters only where they change. See docs/language.md, "The file".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.language.features import LETTERS
from edgewise.language.table import LAYOUT, SLACK

PACKED_LAYOUT = 3
"""Number of the packed layout."""

MOST_LEVEL = 15
"""The largest weight that 4 bits hold."""

_KINDS = {
    "letter_runs": np.uint16,
    "slots": np.uint16,
    "sizes": np.uint8,
    "language": np.uint8,
    "levels": np.uint8,
}


def unpack(arrays: Mapping[str, NDArray[Any]], classes: int) -> dict[str, NDArray[Any]]:
    """Return the arrays that a model works with.

    Args:
        arrays: Of a file in the packed layout.
        classes: Number of classes.

    Returns:
        Arrays of layout `LAYOUT`, but that `slots` are uint16, and that every feature has a whole row.

    Raises:
        ValueError: the arrays do not fit together.
    """
    missing = [name for name in _KINDS if name not in arrays]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    for name, kind in _KINDS.items():
        if arrays[name].dtype != kind:
            raise ValueError(f"array {name!r} is of the type {arrays[name].dtype}")
    handed_on = {name: array for name, array in arrays.items() if name not in (*_KINDS, "layout")}
    return handed_on | {
        "layout": np.array([LAYOUT], np.uint8),
        "letters": unpack_letters(arrays["letter_runs"]),
        "slots": arrays["slots"],
        "rows": _rows(arrays["sizes"], arrays["language"], arrays["levels"], classes),
        "language": np.zeros(SLACK, np.uint8),
        "delta": np.zeros(SLACK, np.int8),
    }


def _rows(
    sizes: NDArray[np.uint8], language: NDArray[np.uint8], levels: NDArray[np.uint8], classes: int
) -> NDArray[np.int8]:
    """Spread entries, row after row, over int8 [rows, classes]."""
    entries = len(language)
    if sizes.ndim != 1 or int(sizes.sum(dtype=np.int64)) != entries:
        raise ValueError("its rows do not have the entries that are there")
    if levels.shape != ((entries + 1) // 2,):
        raise ValueError(f"array 'levels' has the shape {levels.shape}")
    if not entries or int(language.max()) >= classes:
        raise ValueError("it names classes that it does not have, or knows no feature")
    values = np.stack((levels & np.uint8(MOST_LEVEL), levels >> np.uint8(4)), axis=1).ravel()[:entries]
    rows = np.zeros((len(sizes), classes), np.int8)
    rows[np.arange(len(sizes)).repeat(sizes), language] = values
    return rows


def pack_levels(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put two levels (0 to `MOST_LEVEL`) into each byte, the first one low."""
    even = np.concatenate((levels, np.zeros(len(levels) % 2, np.uint8)))
    return np.asarray(even[::2] | even[1::2] << np.uint8(4))


def pack_letters(letters: NDArray[np.integer[Any]]) -> NDArray[np.uint16]:
    """Write a letter table as runs of equal steps from one entry to the next.

    Returns:
        uint16 [runs, 2]: how often, and the step modulo 65,536; the first step leads from 0.
    """
    table = letters.astype(np.uint16)
    steps = np.diff(table, prepend=np.uint16(0))  # wraps around
    edges = np.flatnonzero(np.diff(steps, prepend=-1))
    lengths = np.diff(edges, append=len(steps))
    return np.stack((lengths, steps[edges]), axis=1).astype(np.uint16)


def unpack_letters(runs: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return the letter table, uint16 [65536].

    Raises:
        ValueError: these are not the runs of a whole table.
    """
    if runs.ndim != 2 or runs.shape[1] != 2 or int(runs[:, 0].sum(dtype=np.int64)) != LETTERS:
        raise ValueError("array 'letter_runs' does not make a table of letters")
    return np.asarray(np.add.accumulate(runs[:, 1].repeat(runs[:, 0]), dtype=np.uint16))
