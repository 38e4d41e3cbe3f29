"""Normalise many texts with all processors, the way the device does."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence

from edgewise.text.normalize import normalize
from edgewise_runtimes.threads import available_threads

MOST_CHARACTERS = 3000  # more never reaches a training row, which is cut to its first tokens


def normalize_one(text: str) -> str:
    """Return the normalised text, of at most `MOST_CHARACTERS` of the original."""
    return normalize(text[:MOST_CHARACTERS]).text


def normalize_all(texts: Sequence[str]) -> list[str]:
    """Normalise texts, in order."""
    workers = available_threads()
    if workers < 2 or len(texts) < 20_000:
        return [normalize_one(text) for text in texts]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        return pool.map(normalize_one, texts, chunksize=2000)
