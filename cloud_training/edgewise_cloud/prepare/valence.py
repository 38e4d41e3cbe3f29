"""Read the sentiment of a text off the emotions that it is labelled with, in languages that have no better.

Joy and love are pleasant, anger, disgust, fear and sadness are not (Russell, "A circumplex model of affect",
1980); surprise is either, and says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Examples

_SIDES = {
    "negative": ("anger", "disgust", "fear", "sadness"),
    "neutral": ("neutral",),
    "positive": ("joy", "love"),
}
_CLEAR = 0.75  # of what a row's emotions say of sentiment, one side must have so much
_FEW = 100  # rows that label sentiment; a language with fewer has none to speak of


def without_sentiment(examples: Examples, few: int = _FEW) -> frozenset[str]:
    """Return the languages in which fewer than `few` rows label sentiment."""
    labelled = Counter(
        code for code, label in zip(examples.langs, examples.sentiment, strict=True) if label >= 0
    )
    return frozenset(code for code in set(examples.langs) if labelled[code] < few)


def with_valence(examples: Examples, languages: Collection[str]) -> Examples:
    """Give rows of these languages the sentiment that their emotions say, where a set did not say it.

    Args:
        examples: n rows of all tasks.
        languages: See `without_sentiment`.

    Returns:
        The same rows; those with emotions of one side have its sentiment, too. Of a set that has no neutral
        emotion they say nothing about neutral texts.
    """
    sums, known = _sides(examples.emotion)
    total = sums.sum(axis=1)
    label = sums.argmax(axis=1)
    clear = (total > 0.5) & (sums.max(axis=1) >= _CLEAR * total)
    here = np.array([code in languages for code in examples.langs], np.bool_)
    chosen = here & clear & (examples.sentiment < 0)
    sentiment, allowed = examples.sentiment.copy(), examples.sentiment_allowed.copy()
    sentiment[chosen], allowed[chosen] = label[chosen], known[chosen]
    return replace(examples, sentiment=sentiment, sentiment_allowed=allowed)


def without_one_sided(examples: Examples) -> Examples:
    """Take back the sentiment that emotions said in sets without a neutral one.

    A linear model of one language that learns from these alone is worse than none, in each of five languages
    that have a set of sentiment to judge it by (docs/students.md). Students learn it beside other languages.

    Args:
        examples: What `with_valence` returned.
    """
    neutral = LABELS["sentiment"].index("neutral")
    of_emotions = np.array([name.startswith("emotion/") for name in examples.datasets], np.bool_)
    taken = of_emotions & ~examples.sentiment_allowed[:, neutral]
    return replace(examples, sentiment=np.where(taken, -1, examples.sentiment))


def _sides(emotion: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return what emotions [n, 8] give each side [n, 3], and whether the row's set has any of these."""
    places = [[LABELS["emotion"].index(name) for name in _SIDES[side]] for side in LABELS["sentiment"]]
    sums = np.column_stack([np.nan_to_num(emotion[:, own]).sum(axis=1) for own in places])
    known = np.column_stack([(~np.isnan(emotion[:, own])).any(axis=1) for own in places])
    return np.asarray(sums, np.float32), known
