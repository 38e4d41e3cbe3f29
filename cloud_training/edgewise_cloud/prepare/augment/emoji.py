"""Emoji that go with the label; for toxicity such as stand with both."""

from __future__ import annotations

import numpy as np

from edgewise_cloud.prepare.augment.texts import data_of, pick


def can(task: str, side: str) -> bool:
    """Tell whether there are emoji for a label; rows of several emotions have none."""
    return side in data_of("emoji")[task]


def make(text: str, task: str, side: str, rng: np.random.Generator) -> str:
    """Return a text with one or two emoji: mostly at its end, sometimes at its beginning."""
    found = pick(data_of("emoji")[task][side], rng) * (1 + int(rng.integers(2)))
    return f"{found} {text}" if rng.random() < 0.2 else f"{text} {found}"
