"""From texts to the weights of the language model: counted, weighed, selected, calibrated."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from edgewise.language.features import COLUMNS, MAX_ORDER
from edgewise_distill.language.calibrate import fit
from edgewise_distill.language.counting import count
from edgewise_distill.language.noise import SCRIPTS, noise, script_lines
from edgewise_distill.language.weights import default_trust, select, weigh

TEXTS = {
    "a": ["ab ba", "ab", "x"],
    "b": ["ab", "zz top"],
    "c": ["top of the top", "", "..."],
}


def by_hand(lines: list[str]) -> list[Counter[str]]:
    """Count n-grams of 1 to 5 characters and words; a lone space counts for nothing."""
    found: list[Counter[str]] = [Counter() for _ in range(COLUMNS)]
    for line in lines:
        words = "".join(char if char.isalpha() else " " for char in line).split()
        text = " ".join(["", *words, ""]) if words else " "
        for order in range(MAX_ORDER):
            for start in range(len(text) - order):
                gram = text[start : start + order + 1]
                if gram != " ":
                    found[order][gram] += 1
        found[MAX_ORDER].update(words)
    return found


def test_counts_are_those_counted_by_hand() -> None:
    counts = count(TEXTS, least=1)
    expected = {name: by_hand(lines) for name, lines in TEXTS.items()}
    assert counts.languages == ("a", "b", "c")
    for place, name in enumerate(counts.languages):
        columns = [sum(counter.values()) for counter in expected[name]]
        assert counts.totals[:, place].tolist() == columns
        order = np.repeat(counts.order, counts.sizes)[counts.language == place]
        times = counts.count[counts.language == place]
        for column in range(COLUMNS):
            assert sorted(times[order == column].tolist()) == sorted(expected[name][column].values())
    assert (np.diff(counts.keys.astype(np.int64)) > 0).all()


def test_rare_features_are_dropped_but_counted_in_the_totals() -> None:
    every, some = count(TEXTS, least=1), count(TEXTS, least=3)
    assert np.array_equal(every.totals, some.totals)
    starts = np.r_[0, np.cumsum(every.sizes)[:-1]]
    often = np.add.reduceat(every.count, starts) >= 3
    assert np.array_equal(some.keys, every.keys[often])
    assert 0 < len(some.keys) < len(every.keys)


def test_a_line_counts_the_same_wherever_it_stands() -> None:
    one = count({"a": ["x", "water of life", "y"]}, least=1)
    two = count({"a": ["y", "x", "water of life"]}, least=1)
    assert np.array_equal(one.keys, two.keys)
    assert np.array_equal(one.count, two.count)
    assert np.array_equal(one.totals, two.totals)


def test_a_single_short_line_has_no_more_than_it_has() -> None:
    counts = count({"a": ["x"]}, least=1)
    assert counts.totals[:, 0].tolist() == [1.0, 2.0, 1.0, 0.0, 0.0, 1.0]


def test_weights_are_log_ratios_with_a_shared_prior() -> None:
    counts = count(TEXTS, least=1)
    prior = 10.0
    weights = weigh(counts, prior)
    np.testing.assert_allclose(weights.base, np.log(prior / (counts.totals + prior)))
    ends = np.cumsum(counts.sizes)
    for feature in (0, len(ends) // 2, len(ends) - 1):
        entries = slice(ends[feature] - counts.sizes[feature], ends[feature])
        column, owners, times = counts.order[feature], counts.language[entries], counts.count[entries]
        totals = counts.totals[column, owners]
        mean = (times / totals).sum() / 3
        wanted = np.log((times + prior * mean) / (totals + prior) / mean) - weights.base[column, owners]
        np.testing.assert_allclose(weights.delta[entries], wanted, rtol=1e-5)
    assert (weights.delta > 0).all()


def test_the_most_telling_features_are_kept() -> None:
    texts = {"a": ["same same alpha alpha"] * 20, "b": ["same same omega omega"] * 20}
    counts = count(texts)
    weights = weigh(counts, 10.0)
    few = select(weights, counts, 8, default_trust())
    assert len(few.keys) == len(few.order) == len(few.sizes) == 8
    assert few.sizes.sum() == len(few.language) == len(few.delta)
    assert set(few.keys) <= set(weights.keys)
    assert (few.sizes == 1).all(), "a feature that both languages have tells nothing"
    assert (np.diff(few.keys.astype(np.int64)) > 0).all()
    assert select(weights, counts, 10**6, default_trust()) is weights


def test_calibration_finds_which_column_to_trust() -> None:
    rng = np.random.default_rng(0)
    texts, classes = 400, 3
    truth = rng.integers(classes, size=texts)
    right = np.eye(classes, dtype=bool)[truth]
    sums = np.zeros((texts, COLUMNS, classes), np.float32)
    sums[:, 2] = right * 3.0 + rng.normal(size=(texts, classes))
    sums[:, 4] = rng.normal(size=(texts, classes)) * 3.0
    found = fit(sums, np.full(texts, 10), right, np.ones(texts, np.float32), np.ones(COLUMNS))
    assert found.trust[2] > 5 * found.trust[4]
    assert found.loss < 0.4
    scores = (np.einsum("toc,o->tc", sums, found.trust) + found.bias) / (found.spread * 10**found.growth)
    likely = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert likely.max(axis=1).mean() == pytest.approx((likely.argmax(axis=1) == truth).mean(), abs=0.05)


def test_calibration_refuses_other_columns() -> None:
    with pytest.raises(ValueError, match="columns"):
        fit(
            np.zeros((1, 2, 2), np.float32),
            np.ones(1, np.int64),
            np.eye(2, dtype=bool)[:1],
            np.ones(1),
            np.ones(2),
        )


def test_noise_is_the_same_for_a_seed() -> None:
    assert noise(50, 3) == noise(50, 3)
    assert noise(50, 3) != noise(50, 4)
    assert all(line.replace(" ", "").isalpha() for line in noise(200, 3))


@pytest.mark.parametrize("language", sorted(SCRIPTS))
def test_script_lines_stay_in_their_script(language: str) -> None:
    first, last = SCRIPTS[language]
    lines = script_lines(language, 20, 1)
    assert len(lines) == 20
    assert all(first <= ord(char) <= last for line in lines for char in line.replace(" ", ""))
