"""Models for the gate that are functions, and what surrounds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tests.support.tiny_bundle import MAX_TOKENS, STRIDE, WORDS, tiny_tokenizer

from edgewise_converters.gate.judge import Reference
from edgewise_converters.gate.rows import Run, answers, read_rows
from edgewise_converters.sources.model import Source
from edgewise_converters.texts import DevText

LABELS = ("negative", "neutral", "positive")
POINTS = np.random.default_rng(3).normal(size=(100, 3)).astype(np.float32)


def source(**changes: Any) -> Source:
    """A sentiment model of the tiny bundle's words."""
    tasks = {"sentiment": {"labels": list(LABELS), "activation": "softmax"}}
    facts = {
        "name": "stub",
        "tasks": tasks,
        "tokenizer": tiny_tokenizer(),
        "max_tokens": MAX_TOKENS,
        "stride": STRIDE,
    }
    return Source(**(facts | changes))


def right(feeds: Mapping[str, Any]) -> dict[str, Any]:
    """The sum of the points of a text's tokens."""
    mask = feeds["attention_mask"][..., None]
    return {"sentiment": (POINTS[feeds["input_ids"]] * mask).sum(axis=1).astype(np.float32)}


def dev_texts(count: int, languages: Sequence[str] = ("en",), seed: int = 5) -> list[DevText]:
    """Texts of random known words, languages and labels in turn."""
    rng = np.random.default_rng(seed)
    words = list(WORDS)
    return [
        DevText(
            " ".join(rng.choice(words, rng.integers(1, 9))),
            languages[row % len(languages)],
            {"sentiment": LABELS[row % 3]},
        )
        for row in range(count)
    ]


def reference(texts: Sequence[DevText], run: Run = right) -> Reference:
    """What the stub says of texts."""
    model = source()
    rows = read_rows(model, texts)
    return Reference(model, rows, "a stub", answers(run, rows.ids, ("sentiment",)))
