"""Close languages: what they share, and what is moved so that their lines are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise_distill.language.counting import Counts, count, features_by_line
from edgewise_distill.language.sharpen import Sharpening, sharpen
from edgewise_distill.language.weights import Weights, default_trust, share, weigh

# One neighbour writes about the sea alone. Many words tell the topic, one word tells the language.
SEA, LAND = "salt wave boat sail shore tide", "grass barn field plough hay mud"
LINES = {
    "a": [f"{SEA} kai"] * 30 + [f"{LAND} kai"] * 3,
    "b": [f"{LAND} och"] * 30 + [f"{SEA} och"] * 3,
    "far": ["quite other words"] * 30,
}


def counts_of(counts: Counts, name: str, word: str) -> list[float]:
    """Return what a language has of each feature of a word's own hash."""
    hashes, _ = features_by_line([word])
    feature = np.repeat(counts.keys, counts.sizes)
    mine = counts.language == counts.languages.index(name)
    return [float(counts.count[mine & (feature == each)].sum()) for each in hashes]


def scores(weights: Weights, classes: tuple[str, ...], text: str) -> dict[str, float]:
    """Add up what the features of a text say of each class."""
    result = np.zeros(len(classes))
    starts = np.cumsum(weights.sizes) - weights.sizes
    for each in features_by_line([text])[0]:
        place = int(np.searchsorted(weights.keys, each))
        if place < len(weights.keys) and weights.keys[place] == each:
            trust = default_trust()[weights.order[place]]
            result += trust * weights.base[weights.order[place]]
            entries = slice(starts[place], starts[place] + weights.sizes[place])
            result[weights.language[entries]] += trust * weights.delta[entries]
    return dict(zip(classes, result.tolist(), strict=True))


def test_features_stand_line_by_line() -> None:
    hashes, sizes = features_by_line(["ab ba", "", "x"])
    alone = [features_by_line([text])[0] for text in ("ab ba", "", "x")]
    assert sizes.tolist() == [len(each) for each in alone]
    assert np.array_equal(hashes, np.concatenate(alone))
    assert set(hashes.tolist()) == set(count({"a": ["ab ba", "x"]}, least=1).keys.tolist())


def test_neighbours_vouch_for_each_other() -> None:
    counts = count({"a": ["sea"] * 4, "b": ["hay"] * 4, "far": ["log"] * 4}, least=1)
    shared = share(counts, [["a", "b"]], 100.0)
    assert shared.totals[0].tolist() == [112.0, 112.0, 12.0]
    (sea, *_), (hay, *_) = counts_of(shared, "b", "s"), counts_of(shared, "a", "h")
    # The first feature is the blank with the letter: a quarter of a's pairs of characters, none of b's.
    assert (sea, hay) == (100 / 8, 100 / 8)
    assert counts_of(shared, "a", "s")[0] == 4 + 100 / 8
    assert counts_of(shared, "far", "l") == counts_of(counts, "far", "l")
    assert np.array_equal(shared.keys, counts.keys)
    assert shared.sizes.sum() == len(shared.language) == len(shared.count)


def test_a_name_known_to_one_neighbour_tells_the_group() -> None:
    counts = count(LINES, least=1)
    alone, shared = (weigh(each, 10.0) for each in (counts, share(counts, [["a", "b"]], 100.0)))
    before, after = (scores(each, counts.languages, "kai") for each in (alone, shared))
    assert after["a"] - after["b"] < before["a"] - before["b"]
    assert after["a"] > after["b"] > after["far"]


@pytest.mark.parametrize("groups", [[], [["a"]], [["a", "x"]], [["x", "y"]]])
def test_who_has_no_neighbour_shares_nothing(groups: list[list[str]]) -> None:
    counts = count(LINES, least=1)
    assert share(counts, groups, 100.0) is counts


@pytest.fixture(name="counted")
def _counted() -> tuple[Counts, Weights]:
    counts = count(LINES, least=1)
    return counts, weigh(share(counts, [["a", "b"]], 1.0), 10.0)


def test_the_topic_stops_telling_the_language(counted: tuple[Counts, Weights]) -> None:
    counts, weights = counted
    two = {name: LINES[name] for name in ("a", "b")}
    moved = sharpen(
        weights, two, counts.languages, default_trust(), 1, Sharpening(lines=400, rounds=8, rate=0.2)
    )
    before, after = (scores(each, counts.languages, f"{SEA} och") for each in (weights, moved))
    assert before["a"] > before["b"], "by counting, the sea alone decides"
    assert after["b"] > after["a"]
    assert min(after["a"], after["b"]) > after["far"]


def test_nothing_else_is_moved(counted: tuple[Counts, Weights]) -> None:
    counts, weights = counted
    two = {name: LINES[name] for name in ("a", "b")}
    kept = weights.delta.copy()
    moved = sharpen(weights, two, counts.languages, default_trust(), 1, Sharpening(lines=50))
    far = weights.language == counts.languages.index("far")
    assert np.array_equal(moved.delta[far], weights.delta[far])
    assert not np.allclose(moved.delta[~far], weights.delta[~far], atol=1e-3)
    assert np.array_equal(weights.delta, kept)
    assert moved.base is weights.base
    assert moved.keys is weights.keys


def test_the_same_seed_moves_the_same(counted: tuple[Counts, Weights]) -> None:
    counts, weights = counted
    two = {"b": LINES["b"], "a": [*LINES["a"], "", "???"]}
    one, again, other = (
        sharpen(weights, two, counts.languages, default_trust(), seed, Sharpening(lines=70)).delta
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
