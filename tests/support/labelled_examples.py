"""Rows as arrays, made from a few words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgewise.labels import LABELS, TOXICITY
from edgewise_cloud.catalogue import Examples, Rows
from edgewise_cloud.catalogue.examples import blank_examples


def examples(
    dataset: str, rows: Sequence[tuple[str, str]], *, language: str = "en", weight: float = 1.0
) -> Examples:
    """Make the rows of a set from (text, label); emotions are joined by "+"; "?" is toxicity not told."""
    n = len(rows)
    texts = [text for text, _ in rows]
    out = blank_examples(
        Rows(texts, [language] * n, [None] * n, [()] * n, [""] * n, ["train"] * n, [""] * n), dataset, weight
    )
    task = dataset.split("/")[0]
    for row, (_, label) in enumerate(rows):
        if task == "sentiment":
            out.sentiment[row] = LABELS[task].index(label)
        elif task == "toxicity" and label != "?":
            out.toxicity[row, LABELS[task].index(TOXICITY)] = float(label == "toxic")
        elif task == "emotion":
            names = label.split("+")
            out.emotion[row] = [1 / len(names) if name in names else 0.0 for name in LABELS[task]]
    return out


def equal(one: Examples, two: Examples) -> bool:
    """Tell whether two lots of rows are the same in everything."""
    return (
        one.texts == two.texts
        and one.langs == two.langs
        and one.datasets == two.datasets
        and all(
            np.array_equal(
                getattr(one, name), getattr(two, name), equal_nan=name not in ("sentiment_allowed",)
            )
            for name in ("weights", "sentiment", "sentiment_allowed", "toxicity", "emotion")
        )
    )
