"""Synthetic rows: each kind, and the step that makes them."""

from collections import Counter

import numpy as np
import pytest

pytest.importorskip("pyarrow")

from tests.support.labelled_examples import equal, examples

from edgewise.text import normalize
from edgewise_cloud.catalogue import Examples, leak_key
from edgewise_cloud.prepare.augment import (
    casing,
    elongation,
    emoji,
    identity,
    negation,
    obfuscation,
    typos,
)
from edgewise_cloud.prepare.augment.step import augmented, is_augmented, origin_of
from edgewise_cloud.prepare.augment.texts import data_of, words
from edgewise_cloud.prepare.config import KINDS, AugmentConfig, AugmentKind

TEXT = "The waiter was really friendly and the soup came hot @user http"
RNG = np.random.default_rng


def test_words_leave_handles_links_and_hashtags_alone() -> None:
    text = "@user see #this at http now"
    assert [text[slice(*span)] for span in words(text)] == ["see", "at", "now"]


def test_a_key_has_the_keys_around_it_as_neighbours() -> None:
    near = typos.neighbours("en")
    assert set("qwedzx") | {"a"} >= set(near["s"]) - {"s"}
    assert all(other in near and key in near[other] for key, others in near.items() for other in others)
    assert "ы" in typos.neighbours("ru")["в"]
    assert typos.neighbours("zh") == {}
    assert not typos.can("这很好吃真的", "zh")


@pytest.mark.parametrize("seed", range(30))
def test_a_typing_error_changes_little_and_keeps_first_letters(seed: int) -> None:
    made = typos.make(TEXT, "en", RNG(seed))
    assert made is not None
    assert abs(len(made) - len(TEXT)) <= 3
    assert [word[0] for word in made.split()] == [word[0] for word in TEXT.split()]
    assert made.endswith("@user http")


@pytest.mark.parametrize("seed", range(10))
def test_casing_changes_nothing_but_case(seed: int) -> None:
    made = casing.make(TEXT, "en", RNG(seed))
    assert made is None or (made != TEXT and made.lower() == TEXT.lower())
    assert casing.make("hallo", "en", RNG(0)) != "hallo"
    assert not casing.can("好吃 123", "zh")
    assert not casing.can("ilk", "tr")


@pytest.mark.parametrize("seed", range(10))
def test_drawn_out_words_survive_normalisation(seed: int) -> None:
    made = elongation.make(TEXT, "en", RNG(seed))
    assert made is not None
    assert len(TEXT) < len(made) <= len(TEXT) + 2
    assert normalize(made).text == made


def test_words_without_a_single_vowel_are_not_drawn_out() -> None:
    assert not elongation.can("brr tss", "en")
    assert elongation.make("brr tss", "en", RNG(0)) is None


def test_emoji_go_with_the_label() -> None:
    assert emoji.can("emotion", "joy")
    assert not emoji.can("emotion", "anger+joy")
    for seed in range(10):
        made = emoji.make("so", "sentiment", "negative", RNG(seed))
        assert any(found in made for found in data_of("emoji")["sentiment"]["negative"])
        assert "so" in made


def test_toxicity_emoji_give_no_label_away() -> None:
    toxic, other = (set(data_of("emoji")["toxicity"][side]) for side in ("toxic", "non-toxic"))
    assert len(toxic & other) >= 4


@pytest.mark.parametrize("seed", range(20))
def test_disguised_words_can_still_be_read(seed: int) -> None:
    made = obfuscation.make("stupid idiots everywhere", "en", RNG(seed))
    assert made is not None
    assert sum(made.count(c) for c in "stupdieovrwhy") >= 8


def test_an_identity_is_swapped_wherever_it_stands_with_its_case() -> None:
    for seed in range(10):
        made = identity.make("Muslims are people. MUSLIMS, muslims!", "en", RNG(seed))
        assert made is not None
        new = made.split()[0]
        assert made == f"{new} are people. {new.upper()}, {new.lower()}!"
        assert new.lower() in data_of("identity")["en"][1]
        assert new != "Muslims"
    assert not identity.can("manners and germane chinesely", "en")
    assert not identity.can("muslims", "de")


def test_two_identities_never_become_one() -> None:
    for seed in range(30):
        made = identity.make("women and men", "en", RNG(seed))
        assert made is None


def test_groups_of_identities_do_not_overlap() -> None:
    terms = Counter(term for group in data_of("identity")["en"] for term in group)
    assert max(terms.values()) == 1
    assert all(len(group) > 1 for group in data_of("identity")["en"])


@pytest.mark.parametrize(
    ("text", "side", "result"),
    [
        ("The food is good.", "positive", {"The food isn't good.", "The food is not good."}),
        ("I really love this place", "positive", {"I don't love this place", "I do not love this place"}),
        ("It wasn't very good", "negative", {"It was very good"}),
        ("The room was not that clean!", "negative", {"The room was clean!"}),
        ("They don’t recommend it", "negative", {"They recommend it"}),
        ("I am happy", "positive", {"I am not happy"}),
    ],
)
def test_clear_praise_is_turned_round(text: str, side: str, result: set[str]) -> None:
    assert negation.can(text, "en", side)
    assert {negation.make(text, side, RNG(seed)) for seed in range(20)} == result


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("It is bad", "negative"),
        ("It is not bad", "positive"),
        ("It is good but slow", "positive"),
        ("The food was excellent and the service was good", "positive"),
        ("Is it good?", "positive"),
        ("It was good. I left.", "positive"),
        ("If it is good I buy it", "positive"),
        ("I never said it was good", "negative"),
        ("It would be nice if it was good", "positive"),
        ("It is good", "negative"),
        ("It is not good", "positive"),
        ("It is good", "neutral"),
        ("not good", "negative"),
        ("It is a goodbye", "positive"),
        ("I don't not like it", "negative"),
    ],
)
def test_what_is_not_safe_to_turn_round_stays(text: str, side: str) -> None:
    assert not negation.can(text, "en", side)
    assert negation.make(text, side, RNG(0)) is None


def test_only_english_is_negated() -> None:
    assert not negation.can("It is good", "de", "positive")


def rows() -> Examples:
    english = [
        "The food is good.",
        "It wasn't good",
        "Muslims met women here",
        "So it goes on",
        "Fine tables",
    ]
    return Examples.concat(
        [
            examples(
                "sentiment/a",
                list(zip(english, ["positive", "negative", "neutral", "neutral", "positive"], strict=True)),
                weight=0.8,
            ),
            examples(
                "toxicity/b", [("Stupid people everywhere", "toxic"), ("Nice weather today", "non-toxic")]
            ),
            examples("emotion/c", [("What lovely weather", "joy"), ("Was soll das heißen", "anger+fear")]),
        ]
    )


def all_kinds(share: float = 1.0) -> AugmentConfig:
    return AugmentConfig(on=True, kinds=tuple(AugmentKind(name, share) for name in KINDS))


def test_every_kind_makes_rows_that_bear_its_name() -> None:
    made, counts = augmented(rows(), all_kinds(), 1)
    assert counts.keys() == set(KINDS)
    assert {name.split("+")[1] for name in made.datasets} >= {"typos", "casing", "elongation", "emoji"}
    assert all(is_augmented(name) for name in made.datasets)
    assert {origin_of(name) for name in made.datasets} == set(rows().datasets)
    assert sum(counts.values()) == len(made)
    assert made.weights[0] == pytest.approx(0.4)
    assert not set(made.texts) & set(rows().texts)
    assert made.texts == [normalize(text).text for text in made.texts]


def test_negation_flips_the_label_and_nothing_else_does() -> None:
    made, _ = augmented(rows(), all_kinds(), 1)
    told = {
        text: int(label)
        for text, label, name in zip(made.texts, made.sentiment, made.datasets, strict=True)
        if name == "sentiment/a+negation"
    }
    assert set(told.values()) == {0, 2}
    assert told["It was good"] == 2
    swapped = [i for i, name in enumerate(made.datasets) if name == "sentiment/a+identity"]
    assert [int(made.sentiment[i]) for i in swapped] == [1]
    toxic = [i for i, name in enumerate(made.datasets) if origin_of(name) == "toxicity/b"]
    assert all(
        (made.toxicity[i, 0] == 1) == ("eather" not in made.texts[i].lower())
        for i in toxic
        if "casing" in made.datasets[i]
    )


def test_the_step_is_repeatable_and_kinds_do_not_disturb_each_other() -> None:
    whole, _ = augmented(rows(), all_kinds(), 7)
    again, _ = augmented(rows(), all_kinds(), 7)
    assert equal(whole, again)
    alone, _ = augmented(rows(), AugmentConfig(on=True, kinds=(AugmentKind("emoji", 1.0),)), 7)
    mine = [i for i, name in enumerate(whole.datasets) if name.endswith("+emoji")]
    assert equal(alone, whole.take(mine))


def test_shares_tasks_and_forbidden_texts_are_kept() -> None:
    many = examples("sentiment/a", [(f"number {i} is here", "neutral") for i in range(100)])
    made, counts = augmented(many, AugmentConfig(on=True, kinds=(AugmentKind("emoji", 0.3),)), 1)
    assert counts == {"emoji": 30}
    none, _ = augmented(many, AugmentConfig(on=True, tasks=("emotion",)), 1)
    assert len(none) == 0
    held = {leak_key(text) for text in made.texts}
    assert len(augmented(many, AugmentConfig(on=True, kinds=(AugmentKind("emoji", 0.3),)), 1, held)[0]) == 0
