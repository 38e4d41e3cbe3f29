"""Where no set labels sentiment, emotions say it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.prepare.valence import (
    with_valence,
    without_one_sided,
    without_sentiment,
)
from edgewise_cloud.teacher.rows import unlabelled

EMOTIONS = LABELS["emotion"]
NEGATIVE, NEUTRAL, POSITIVE = (
    LABELS["sentiment"].index(name) for name in ("negative", "neutral", "positive")
)


def rows_with(emotions: list[dict[str, float] | None], languages: list[str], lacking: str = "") -> Examples:
    """Return rows labelled with emotions alone; None: with nothing."""
    emotion = np.full((len(emotions), len(EMOTIONS)), np.nan, np.float32)
    for row, said in enumerate(emotions):
        if said is not None:
            emotion[row] = [said.get(name, np.nan if name == lacking else 0.0) for name in EMOTIONS]
    return replace(unlabelled([f"row {n}" for n in range(len(emotions))], languages, "set"), emotion=emotion)


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ({"joy": 1.0}, POSITIVE),
        ({"joy": 0.5, "love": 0.5}, POSITIVE),
        ({"anger": 0.5, "sadness": 0.5}, NEGATIVE),
        ({"fear": 0.6, "surprise": 0.4}, NEGATIVE),
        ({"neutral": 1.0}, NEUTRAL),
        ({"surprise": 1.0}, -1),
        ({"joy": 0.5, "anger": 0.5}, -1),
        (None, -1),
    ],
)
def test_emotions_of_one_side_say_it(said: dict[str, float] | None, label: int) -> None:
    found = with_valence(rows_with([said], ["bn"]), {"bn"})
    assert found.sentiment.tolist() == [label]
    if label >= 0:
        assert found.sentiment_allowed[0].tolist() == [True, True, True]


def test_a_set_without_a_neutral_emotion_says_nothing_of_neutral_texts() -> None:
    found = with_valence(rows_with([{"joy": 1.0}], ["bn"], lacking="neutral"), {"bn"})
    assert found.sentiment_allowed[0].tolist() == [True, False, True]


def test_other_languages_and_labelled_rows_stay_as_they_are() -> None:
    rows = rows_with([{"joy": 1.0}, {"joy": 1.0}], ["bn", "de"])
    rows.sentiment[0] = NEGATIVE
    assert with_valence(rows, {"bn"}).sentiment.tolist() == [NEGATIVE, -1]
    assert rows.sentiment.tolist() == [NEGATIVE, -1]


def test_languages_with_few_rows_have_no_sentiment_to_speak_of() -> None:
    rows = rows_with([None] * 5, ["bn", "de", "de", "de", "vi"])
    rows.sentiment[1:4] = POSITIVE
    assert without_sentiment(rows, few=3) == {"bn", "vi"}
    assert without_sentiment(rows) == {"bn", "de", "vi"}


def test_what_sets_without_a_neutral_emotion_said_can_be_taken_back() -> None:
    parts = [rows_with([{"joy": 1.0}], ["bn"], lacking=lacking) for lacking in ("", "neutral", "neutral")]
    parts = [
        replace(part, datasets=[name])
        for part, name in zip(parts, ("emotion/whole", "emotion/xed", "sentiment/two"), strict=True)
    ]
    rows = with_valence(Examples.concat(parts), {"bn"})
    assert rows.sentiment.tolist() == [POSITIVE] * 3
    assert without_one_sided(rows).sentiment.tolist() == [POSITIVE, -1, POSITIVE]
    assert rows.sentiment.tolist() == [POSITIVE] * 3, "a copy is changed"
