"""The steps of data preparation, one by one."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pyarrow")

from tests.support.labelled_examples import examples

from edgewise_cloud.catalogue import Examples, leak_key
from edgewise_cloud.prepare import PrepareConfigError
from edgewise_cloud.prepare.class_weights import class_weights, weighted, weights_of
from edgewise_cloud.prepare.clean import fault, faults, repair_encoding
from edgewise_cloud.prepare.config import ClassWeightConfig, CleanConfig, NearConfig, SamplingConfig
from edgewise_cloud.prepare.duplicates import (
    preference,
    without_conflicts,
    without_copies,
    without_near_copies,
)
from edgewise_cloud.prepare.keys import same_text_key, sides
from edgewise_cloud.prepare.near import near_copies, shingle_hashes
from edgewise_cloud.prepare.sampling import group_sizes, sample, stratified

LONG = "The delivery came two days late and nobody at the shop could tell me why it had happened"


@given(st.text())
def test_the_leak_key_is_the_letters_and_digits(text: str) -> None:
    import unicodedata

    folded = unicodedata.normalize("NFKC", text).casefold()
    assert leak_key(text) == "".join(c for c in folded if c.isalnum())


@given(st.text())
def test_repairing_an_encoding_undoes_it_and_harms_nothing_else(text: str) -> None:
    encoded = text.encode("utf-8", "surrogatepass")
    try:
        misread = encoded.decode("latin-1")
        text.encode("utf-8")
    except UnicodeError:
        return
    if not text.isascii():
        assert repair_encoding(misread) == text
    if text.isascii():
        assert repair_encoding(text) == text


@pytest.mark.parametrize("text", ["Ça va très bien", "Größe: 5 €", "ÄÖÜ", "Ã© and 猫", "naïve — “quoted”"])
def test_well_read_text_stays(text: str) -> None:
    assert repair_encoding(text) == text


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("\ufffd\ufffd what", "broken characters"),
        ('<div class="x"><b>', "markup"),
        ("{{cite web|url=x}} {{flag}}", "markup"),
        ("a < b and b > c", None),
        ("I <3 you", None),
        ("好", None),
        ("😀", None),
        (":(", None),
        ("fine <br> text with one tag in it", None),
    ],
)
def test_what_cannot_be_learned_from(text: str, wrong: str | None) -> None:
    assert fault(text, CleanConfig()) == wrong


def test_cleaning_counts_what_it_drops() -> None:
    kept, counts = faults(["fine", "", "no", "<p><p>"], CleanConfig(least=3))
    assert kept == [0]
    assert counts == {"empty": 1, "markup": 1, "too short": 1}


def test_smileys_and_emoji_tell_texts_apart() -> None:
    assert same_text_key("Great day!!") == same_text_key("great, day")
    assert (
        len({same_text_key(text) for text in ("great :)", "great :(", "great", "great 😡", "great 😀")}) == 5
    )
    assert same_text_key("...") != same_text_key("!!!")


def test_vowel_signs_tell_words_apart_and_dandas_do_not() -> None:
    assert len({same_text_key(text) for text in ("का", "की", "के")}) == 3
    assert same_text_key("வா") != same_text_key("வி")
    assert same_text_key("ठीक है।") == same_text_key("ठीक है!")
    assert same_text_key("café") == same_text_key("cafe\u0301")


def test_the_side_of_each_task() -> None:
    toxic = examples("toxicity/a", [("x", "toxic"), ("y", "non-toxic"), ("z", "?")])
    toxic.toxicity[2, 2] = 1.0
    assert sides(toxic) == ["toxic", "non-toxic", "attributes 2"]
    assert sides(examples("emotion/a", [("x", "joy"), ("y", "joy+anger")])) == ["joy", "anger+joy"]
    assert sides(examples("sentiment/a", [("x", "neutral")])) == ["neutral"]


def test_a_text_with_opposite_labels_goes_unless_one_of_them_clearly_leads() -> None:
    rows = examples(
        "sentiment/a",
        [
            ("Good.", "positive"),
            ("good", "negative"),
            ("Fine", "positive"),
            ("fine!", "positive"),
            ("FINE", "negative"),
            ("calm", "neutral"),
        ],
    )
    kept, counts = without_conflicts(rows, 0.6)
    assert [rows.texts[row] for row in kept] == ["Fine", "fine!", "calm"]
    assert counts == {"texts with several labels": 2, "rows dropped": 3}
    assert without_conflicts(rows, 0.7)[0] == [5]


def test_the_more_trusted_set_wins_a_conflict() -> None:
    rows = Examples.concat(
        [
            examples("sentiment/a", [("so so", "neutral")], weight=0.2),
            examples("sentiment/b", [("so so", "positive")], weight=1.0),
        ]
    )
    assert without_conflicts(rows, 0.67)[0] == [1]


def test_tasks_and_overlapping_emotions_do_not_conflict() -> None:
    rows = Examples.concat(
        [
            examples("emotion/a", [("what", "joy+surprise"), ("what", "surprise"), ("ah", "fear")]),
            examples("sentiment/a", [("what", "negative")]),
            examples("emotion/b", [("ah", "joy")]),
        ]
    )
    assert without_conflicts(rows, 0.67)[0] == [0, 1, 3]
    assert without_copies(rows) == [0, 2, 3]


def test_the_copy_that_is_trusted_most_stays() -> None:
    rows = Examples.concat(
        [
            examples("toxicity/a", [("You there", "toxic")], weight=0.5),
            examples("toxicity/b", [("you, there", "toxic"), ("YOU THERE", "toxic"), ("other", "toxic")]),
        ]
    )
    rows.toxicity[2, 3] = 1.0
    assert without_copies(rows) == [2, 3]
    assert preference(rows) == [3, 1, 0, 2]


def test_near_copies_are_found_within_a_label() -> None:
    texts = [LONG, LONG + "!", LONG.replace("days", "dayz"), LONG + " again", "short", "short!", LONG.upper()]
    labels = ["a", "a", "a", "b", "a", "a", "a"]
    leaders = near_copies(texts, labels, range(len(texts)), NearConfig())
    assert leaders.tolist() == [0, 0, 0, 3, 4, 5, 0]
    last_is_best = near_copies(texts, labels, [*range(6, -1, -1)], NearConfig())
    assert last_is_best.tolist() == [6, 6, 6, 3, 4, 5, 6]


def test_texts_that_only_begin_alike_are_no_near_copies() -> None:
    texts = [f"{LONG} {tail}" for tail in ("so I left", "until the manager of the place rang me up herself")]
    other = "Of the many ways in which one can be sorry about a thing, this is the one that I prefer"
    leaders = near_copies([*texts, other], ["a"] * 3, range(3), NearConfig())
    assert leaders.tolist() == [0, 1, 2]
    loose = NearConfig(threshold=0.4, bands=64)
    assert near_copies(texts, ["a"] * 2, range(2), loose).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("config", "message"),
    [(NearConfig(bands=7), "do not divide"), (NearConfig(threshold=0.5), "bands of 8 would find 6 %")],
)
def test_bands_that_would_miss_pairs_are_refused(config: NearConfig, message: str) -> None:
    with pytest.raises(PrepareConfigError, match=message):
        near_copies(["a"], ["a"], [0], config)


def test_dev_rows_stand_for_training_rows_and_stay() -> None:
    dev = examples("sentiment/a", [(LONG, "positive"), (LONG + ".", "positive")], weight=0.1)
    train = examples("sentiment/b", [(LONG + "!!", "positive"), (LONG + "?", "negative"), ("x", "positive")])
    kept, counts = without_near_copies(train, dev, NearConfig())
    assert kept == [1, 2]
    assert counts == {"near a dev row": 1}
    assert without_near_copies(train, train.take([]), NearConfig())[0] == [0, 1, 2]
    assert without_near_copies(train.take([]), dev, NearConfig())[0] == []


@given(st.lists(st.text(max_size=12), max_size=6), st.integers(1, 6))
def test_equal_runs_of_characters_have_equal_hashes(keys: list[str], size: int) -> None:
    hashes, offsets = shingle_hashes(keys, size)
    assert offsets.tolist()[-1] == len(hashes)
    seen: dict[str, int] = {}
    for key, first, last in zip(keys, offsets[:-1], offsets[1:], strict=True):
        runs = [key[i : i + size] for i in range(len(key) - size + 1)]
        for run, value in zip(runs, hashes[int(first) : int(last)].tolist(), strict=True):
            assert seen.setdefault(run, value) == value
    assert len(set(seen.values())) == len(seen)


def test_temperature_brings_groups_closer() -> None:
    counts = {"large": 80_000, "middle": 10_000, "small": 100}
    assert group_sizes(counts, SamplingConfig()) == counts
    thinned = group_sizes(counts, SamplingConfig(temperature=2))
    assert thinned == {"large": 28_284, "middle": 10_000, "small": 100}
    repeated = group_sizes(counts, SamplingConfig(temperature=2, repeats=5))
    assert repeated["small"] == 500


def test_a_number_of_rows_keeps_the_proportions_as_far_as_it_can() -> None:
    counts = {"a": 4_000, "b": 1_000, "c": 10}
    sizes = group_sizes(counts, SamplingConfig(temperature=2, rows=1_000))
    assert sizes["c"] == 10
    assert abs(sum(sizes.values()) - 1_000) <= 2
    assert sizes["a"] / sizes["b"] == pytest.approx(2, rel=0.01)
    assert group_sizes(counts, SamplingConfig(rows=99_999)) == counts


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=40), st.integers(0, 100), st.integers(0, 5))
def test_labels_keep_their_shares(labels: list[str], size: int, seed: int) -> None:
    chosen = stratified(labels, size, np.random.default_rng(seed)).tolist()
    assert len(chosen) == size
    times = Counter(chosen)
    assert max(times.values(), default=0) - min((times[i] for i in range(len(labels))), default=0) <= 1
    for label, n in Counter(labels).items():
        assert abs(sum(labels[i] == label for i in chosen) - n * size / len(labels)) < 1


def test_sampling_is_repeatable_and_groups_do_not_depend_on_each_other() -> None:
    one = examples("sentiment/a", [(f"a{i}", ("positive", "negative")[i % 4 == 0]) for i in range(400)])
    other = examples("sentiment/b", [(f"b{i}", "neutral") for i in range(50)], language="de")
    config = SamplingConfig(temperature=2, whole=100)
    rows = Examples.concat([one, other])
    chosen = sample(rows, config, 3)
    assert chosen.tolist() == sample(rows, config, 3).tolist()
    assert chosen.tolist() != sample(rows, config, 4).tolist()
    taken = rows.take(chosen)
    assert Counter(taken.datasets) == {"sentiment/a": 200, "sentiment/b": 50}
    assert Counter(sides(taken))["negative"] == 50
    assert sample(one, config, 3).tolist() == [row for row in chosen.tolist() if row < 400]
    assert len(sample(rows.take([]), config, 3)) == 0


@pytest.mark.parametrize("by", ["set", "language", "both"])
def test_a_row_is_repeated_only_as_often_as_allowed(by: str) -> None:
    rows = examples("sentiment/a", [(str(i), "positive") for i in range(10)])
    chosen = sample(rows, SamplingConfig(by=by, temperature=4, whole=1000, repeats=3), 0)  # type: ignore[arg-type]
    assert Counter(chosen.tolist()) == dict.fromkeys(range(10), 3)


def test_rare_classes_weigh_more() -> None:
    counts = np.array([900.0, 100.0, 0.0])
    inverse = weights_of(counts, ClassWeightConfig("inverse"))
    assert inverse.tolist() == pytest.approx([0.2, 1.8, 1.0])
    effective = weights_of(counts, ClassWeightConfig("effective", beta=0.99))
    assert 1 < effective[1] / effective[0] < 9
    assert weights_of(counts, ClassWeightConfig("none")).tolist() == [1, 1, 1]
    nearly = weights_of(counts, ClassWeightConfig("effective", beta=0.9999999))
    assert nearly[:2].tolist() == pytest.approx(inverse[:2].tolist(), rel=1e-3)


def test_class_weights_of_all_tasks_balance_the_rows() -> None:
    rows = Examples.concat(
        [
            examples("sentiment/a", [(str(i), ("negative", "positive")[i < 6]) for i in range(8)]),
            examples("toxicity/a", [("x", "toxic"), ("y", "non-toxic"), ("z", "non-toxic"), ("?", "?")]),
            examples("emotion/a", [("x", "joy"), ("y", "joy"), ("z", "anger")]),
        ]
    )
    found = class_weights(rows, ClassWeightConfig("inverse"))
    assert found["sentiment"].tolist() == pytest.approx([1.5, 1.0, 0.5])
    assert found["toxicity"][0].tolist() == pytest.approx([2 / 3, 4 / 3])
    new = weighted(rows, found)
    positive = rows.sentiment == 2
    assert new.weights[:8][positive[:8]].sum() == pytest.approx(new.weights[:8][~positive[:8]].sum())
    assert new.weights[:8].sum() == pytest.approx(8)
    assert new.weights[11] == 1
    assert new.weights[8:11].sum() == pytest.approx(3)
    assert new.weights[14] == pytest.approx(2 * new.weights[12])
    assert class_weights(rows.take([]), ClassWeightConfig("inverse")) == {}
