"""Two models asked about one text: what they say is the weighted mean of their log-odds.

A logarithmic opinion pool (Genest and Zidek, "Combining Probability Distributions", 1986), label by label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from edgewise.bundle.manifest import Beside, TaskSpec
from edgewise.ngrams import NgramHeads

_LEAST = 1e-6


class Second:
    """What n-gram heads say beside an encoder. Safe to use from many threads.

    Args:
        ngrams: The heads.
        spec: What they count.
        tasks: The tasks of the encoder.
    """

    def __init__(self, ngrams: NgramHeads, spec: Beside, tasks: Mapping[str, TaskSpec]) -> None:
        self.ngrams = ngrams
        self._share = dict(spec.share)
        self._one_is_right = {task: tasks[task].activation == "softmax" for task in spec.share}

    def mixed(
        self, logits: Mapping[str, Sequence[float]], text: str, language: str | None
    ) -> dict[str, Sequence[float]]:
        """Return what both say of a text, as log-odds.

        Args:
            logits: What the encoder says, by task.
            text: The text, normalised.
            language: Its language, None when that is not sure: the encoder answers alone.
        """
        said: Mapping[str, list[float]] = {}
        if language is not None and self.ngrams.knows(language):
            said = self.ngrams.log_odds(self.ngrams.read(text), language)
        found: dict[str, Sequence[float]] = {}
        for task, values in logits.items():
            share = self._share.get(task)
            if share is None:
                found[task] = values
                continue
            odds = log_odds(values) if self._one_is_right[task] else values
            found[task] = pooled(odds, said.get(task), share)
        return found


def log_odds(logits: Sequence[float]) -> list[float]:
    """Return the log-odds of each label against all others, of logits of which one label is right.

    >>> [round(value, 3) for value in log_odds([1.0, 1.0])]
    [0.0, 0.0]
    """
    top = max(logits)
    weights = [exp(logit - top) for logit in logits]
    total = sum(weights)
    shares = [min(max(weight / total, _LEAST), 1.0 - _LEAST) for weight in weights]
    return [log(share / (1.0 - share)) for share in shares]


def pooled(first: Sequence[float], second: Sequence[float] | None, share: float) -> Sequence[float]:
    """Return the weighted mean of log-odds; where the second has nothing to say (NaN), those of the first.

    >>> pooled([1.0, 3.0], [3.0, float("nan")], 0.5)
    [2.0, 3.0]
    """
    if second is None:
        return first
    rest = 1.0 - share
    return [
        own if other != other else rest * own + share * other
        for own, other in zip(first, second, strict=True)
    ]


def pooled_arrays(
    first: NDArray[np.float32], second: NDArray[np.float32], share: float
) -> NDArray[np.float32]:
    """Return the same for many texts at once: [n, labels] each."""
    return np.where(np.isnan(second), first, (1.0 - share) * first + share * second).astype(np.float32)
