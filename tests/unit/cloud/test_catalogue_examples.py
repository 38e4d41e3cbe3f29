"""What a set does not say is masked, never guessed: the arrays made of rows."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow")

from edgewise_cloud.catalogue import Examples, load_catalogue
from edgewise_cloud.catalogue.labels import EMOTION, SENTIMENT, TOXICITY
from edgewise_cloud.catalogue.schemes import packaged_schemes


def told(row: np.ndarray) -> dict[str, float]:
    """Return a toxicity row as the attributes that are annotated."""
    return {name: float(value) for name, value in zip(TOXICITY, row, strict=True) if not np.isnan(value)}


def test_a_binary_sentiment_set_allows_two_labels(data: Path) -> None:
    catalogue = load_catalogue(data)
    sst, ja = (catalogue.dataset(name).examples("test") for name in ("en_sst", "ja_reviews"))
    assert [SENTIMENT[i] for i in sst.sentiment] == ["positive", "negative", "neutral", "negative"]
    assert sst.sentiment_allowed.all()
    assert ja.sentiment_allowed.tolist() == [[True, False, True]]
    assert np.isnan(sst.toxicity).all()
    assert np.isnan(sst.emotion).all()


def test_blanks_between_japanese_words_are_joined_but_not_those_of_latin_words(data: Path) -> None:
    assert load_catalogue(data).dataset("ja_reviews").load("train").texts == ["とても良い商品Type Cです"]


def test_of_a_single_choice_set_the_kinds_not_chosen_are_unknown_on_toxic_rows(data: Path) -> None:
    insult, profanity, clean = load_catalogue(data).dataset("de_germeval2018").examples("train").toxicity
    assert told(insult) == {"toxicity": 1, "insult": 1}
    assert told(profanity) == {"toxicity": 1, "profanity": 1}
    assert told(clean) == {"toxicity": 0, "insult": 0, "identity_attack": 0, "profanity": 0}


def test_negatives_of_a_hate_only_set_say_nothing_of_toxicity(data: Path) -> None:
    hate, rude = load_catalogue(data).dataset("en_dynahate_dghs").examples("train").toxicity
    assert told(hate) == {"toxicity": 1, "identity_attack": 1}
    assert told(rude) == {"identity_attack": 0}


def test_rules_by_native_label_refine_the_attributes(data: Path) -> None:
    catalogue = load_catalogue(data)
    swearing, clean, insult = catalogue.dataset("es_offendes").examples("train").toxicity
    assert told(swearing) == {"toxicity": 0, "profanity": 1, "insult": 0}
    assert told(clean) == {"toxicity": 0, "profanity": 0, "insult": 0}
    assert told(insult) == {"toxicity": 1, "insult": 1}
    coarse, fine = catalogue.dataset("zh_cold").examples("train").toxicity
    assert told(coarse) == {"toxicity": 1}
    assert told(fine) == {"toxicity": 1, "identity_attack": 0}
    (minority_vote,) = catalogue.dataset("pt_told_br").examples("train").toxicity
    assert told(minority_vote) == {"toxicity": 1, "insult": 1, "identity_attack": 0}


def test_emotions_that_a_set_lacks_are_masked_and_several_share_the_mass(data: Path) -> None:
    catalogue = load_catalogue(data)
    (joy,) = catalogue.dataset("carer_emotion_en").examples("train").emotion
    masked = {name for name, value in zip(EMOTION, joy, strict=True) if np.isnan(value)}
    assert masked == {"disgust", "neutral"}
    assert joy[EMOTION.index("joy")] == 1
    english, spanish = catalogue.dataset("brighter_world").examples("train").emotion
    assert english[EMOTION.index("anger")] == english[EMOTION.index("fear")] == 0.5
    assert np.nansum(english) == 1
    assert np.isnan(english[EMOTION.index("disgust")]), "the English part has no disgust"
    assert not np.isnan(spanish[EMOTION.index("disgust")])
    assert np.isnan(spanish[EMOTION.index("neutral")])


def test_rows_without_any_canonical_emotion_are_left_out(data: Path) -> None:
    assert load_catalogue(data).dataset("brighter_world").examples("train").texts == ["hm", "nada"]


def test_sets_of_several_tasks_stand_in_one_table(data: Path) -> None:
    catalogue = load_catalogue(data)
    parts = [dataset.examples("train") for dataset in catalogue.datasets(split="train")]
    joined = Examples.concat(parts)
    assert len(joined) == sum(len(part) for part in parts)
    assert joined.toxicity.shape == (len(joined), 7)
    last = joined.take([len(joined) - 1])
    assert last.texts == [joined.texts[-1]]
    assert last.datasets == ["toxicity/zh_cold"]
    assert last.weights[0] == pytest.approx(0.8)
    assert len(Examples.concat([])) == 0


def test_schemes_name_only_labels_of_the_tasks() -> None:
    schemes = packaged_schemes()
    assert set(schemes.kinds.values()) <= set(TOXICITY)
    for scheme in schemes.by_task["toxicity"].values():
        named = {
            *scheme.full,
            *scheme.exclusive,
            *(name for r in scheme.rules for name in (*r.values, *r.mask)),
        }
        assert named <= set(TOXICITY)
        assert not set(scheme.full) & set(scheme.exclusive)
        assert scheme.toxicity in ("all", "positives")
    for scheme in schemes.by_task["emotion"].values():
        assert set(scheme.labels) <= set(EMOTION)
        assert all(set(labels) <= set(scheme.labels) for labels in scheme.lacks.values())
    for task in ("sentiment", "toxicity", "emotion"):
        assert all(0 < scheme.weight <= 1 for scheme in schemes.by_task[task].values())
