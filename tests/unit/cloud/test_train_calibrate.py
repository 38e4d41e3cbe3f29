"""Temperatures and thresholds: on data made so that the best value is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn")

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.train.calibrate import (
    best_temperature,
    best_threshold,
    calibrate,
    softmax_head,
    toxicity_head,
)

NAN = np.nan


def chances(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-logits))


def drawn(n: int, labels: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Logits that tell the truth, and labels drawn by them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, labels)) * 2
    likely = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    label = (likely.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(0, labels - 1)
    return logits, np.eye(labels, dtype=np.float32)[label]


@pytest.mark.parametrize("heat", [0.5, 1.0, 2.0, 3.5])
def test_the_temperature_undoes_what_was_done_to_the_logits(heat: float) -> None:
    logits, target = drawn(4000, 3, 1)
    everything = np.ones_like(target, bool)
    found = softmax_head(logits * heat, target, everything, np.array(["en"] * 4000))
    assert found["temperature"] == pytest.approx(heat, rel=0.1)


def test_the_best_temperature_is_within_its_bounds() -> None:
    assert best_temperature(lambda value: value) == pytest.approx(0.4)
    assert best_temperature(lambda value: -value) == pytest.approx(4.0)
    assert best_temperature(lambda value: (value - 1.3) ** 2) == pytest.approx(1.3, rel=0.03)


def test_a_language_has_a_temperature_of_its_own_when_it_has_rows_enough() -> None:
    logits, target = drawn(1000, 3, 2)
    languages = np.array(["en"] * 470 + ["de"] * 470 + ["fr"] * 60)
    logits[languages == "de"] *= 3.0
    found = softmax_head(logits, target, np.ones_like(target, bool), languages)
    assert found["temperature_by_language"].keys() == {"en", "de"}
    assert found["temperature_by_language"]["de"] == pytest.approx(3.0, rel=0.25)
    assert found["temperature_by_language"]["en"] == pytest.approx(1.0, rel=0.25)


def test_a_label_that_a_set_lacks_has_no_say() -> None:
    logits, target = drawn(800, 3, 3)
    allowed = np.ones_like(target, bool)
    allowed[:, 1] = False
    target[target[:, 1] == 1] = [1, 0, 0]
    languages = np.array(["en"] * 800)
    moved = logits.copy()
    moved[:, 1] += 100.0
    assert softmax_head(logits, target, allowed, languages) == softmax_head(moved, target, allowed, languages)


def test_an_answer_is_unsure_where_it_is_as_often_wrong_as_right() -> None:
    rng = np.random.default_rng(4)
    likely = rng.uniform(0.5, 1.0, 4000)
    logits = np.stack([np.log(likely), np.log(1 - likely)], axis=1)
    right = rng.random(4000) < np.where(likely < 0.6, 0.2, 0.95)
    target = np.where(right[:, None], [1.0, 0.0], [0.0, 1.0])
    everything, languages = np.ones((4000, 2), bool), np.array([""] * 4000)
    # One temperature only, or it would hide what is wrong with these chances.
    found = softmax_head(logits, target, everything, languages)["thresholds"]["default"]
    assert 0.5 < found["value"] < 0.72
    assert found["precision"] > 0.9
    assert found["recall"] < right.mean() + 1e-9


def test_the_threshold_parts_what_can_be_parted() -> None:
    rng = np.random.default_rng(5)
    truth = rng.random(500) < 0.3
    score = np.where(truth, rng.uniform(0.6, 1.0, 500), rng.uniform(0.0, 0.35, 500))
    value = best_threshold(score, truth, np.array(["a"] * 500))
    # Values are tried at every hundredth of the rows, so up to as many may fall on the wrong side.
    assert ((score >= value) == truth).mean() >= 0.99
    assert 0.34 < value < 0.62


def test_each_set_counts_the_same_whatever_its_size() -> None:
    rng = np.random.default_rng(6)
    big = rng.random(5000) < 0.5
    score_big = np.where(big, rng.uniform(0.5, 0.9, 5000), rng.uniform(0.1, 0.5, 5000))
    small = rng.random(300) < 0.5
    score_small = np.where(small, rng.uniform(0.3, 0.5, 300), rng.uniform(0.0, 0.3, 300))
    score, truth = np.r_[score_big, score_small], np.r_[big, small]
    pooled = best_threshold(score, truth, np.array(["one"] * 5300))
    apart = best_threshold(score, truth, np.array(["big"] * 5000 + ["small"] * 300))
    assert pooled == pytest.approx(0.5, abs=0.03)
    assert apart < pooled - 0.02


def test_sets_of_one_class_choose_nothing() -> None:
    truth = np.array([True] * 50 + [False] * 50)
    score = np.r_[np.full(50, 0.2), np.full(50, 0.9)]
    assert best_threshold(score, truth, np.array(["yes"] * 50 + ["no"] * 50)) == 0.5


def toxic_rows(n: int = 1200, seed: int = 7) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, 7)) * 2
    return logits, (rng.random((n, 7)) < chances(logits)).astype(np.float32)


def test_toxicity_has_thresholds_where_it_has_positives() -> None:
    logits, target = toxic_rows()
    target[:, 2] = 0.0
    target[:30, 2] = 1.0
    target[:, 3] = NAN
    languages = np.array(["en"] * 600 + ["de"] * 500 + ["fr"] * 100)
    found = toxicity_head(logits * 2.0, target, languages, np.array(["s"] * 1200))
    assert found["temperature"] == pytest.approx(2.0, rel=0.15)
    names = LABELS["toxicity"]
    assert found["thresholds"].keys() == {"default", *names} - {names[2], names[3]}
    assert found["thresholds"]["toxicity"]["by_language"].keys() == {"en", "de"}
    for name in (names[0], names[1]):
        threshold = found["thresholds"][name]
        assert 0.3 < threshold["value"] < 0.7
        given = chances(logits[:, names.index(name)]) >= threshold["value"]
        truth = target[:, names.index(name)] > 0.5
        assert threshold["precision"] == pytest.approx(truth[given].mean(), abs=0.02)
        assert threshold["recall"] == pytest.approx(given[truth].mean(), abs=0.02)


def test_rows_that_do_not_say_whether_they_are_toxic_do_not_count() -> None:
    logits, target = toxic_rows()
    silent = np.full((500, 7), NAN, np.float32)
    silent[:, 1] = 1.0
    more = np.concatenate([logits, np.full((500, 7), -9.0)])
    languages, sets = np.array(["en"] * 1700), np.array(["s"] * 1700)
    with_silent = toxicity_head(more, np.concatenate([target, silent]), languages, sets)
    without = toxicity_head(logits, target, languages[:1200], sets[:1200])
    assert with_silent["temperature"] == without["temperature"]
    assert with_silent["thresholds"]["toxicity"] == without["thresholds"]["toxicity"]
    assert with_silent["thresholds"]["severe_toxicity"] != without["thresholds"]["severe_toxicity"]


def examples(n: int) -> Examples:
    """Rows of which nothing is said."""
    return Examples(
        [""] * n,
        ["en"] * n,
        ["s"] * n,
        np.ones(n, np.float32),
        np.full(n, -1, np.int64),
        np.ones((n, 3), bool),
        np.full((n, 7), NAN, np.float32),
        np.full((n, 8), NAN, np.float32),
    )


def test_every_task_gets_what_the_manifest_needs() -> None:
    rows = examples(900)
    rows.sentiment[:300] = np.arange(300) % 3
    rows.toxicity[300:600, 0] = np.arange(300) % 2
    rows.emotion[600:] = np.eye(8)[np.arange(300) % 8]
    rng = np.random.default_rng(8)
    found = calibrate(
        rows, {task: rng.normal(size=(900, len(LABELS[task]))) for task in LABELS if task != "language"}
    )
    assert found.keys() == {"sentiment", "toxicity", "emotion"}
    for task, part in found.items():
        assert part["labels"] == list(LABELS[task])
        assert part["temperature"] > 0
    assert found["toxicity"]["activation"] == "sigmoid"
    assert found["toxicity"]["pooling"] == "max"


@pytest.mark.filterwarnings("error")
def test_tasks_without_rows_are_left_as_they_are() -> None:
    rows = examples(5)
    found = calibrate(rows, {task: np.zeros((5, len(LABELS[task]))) for task in LABELS if task != "language"})
    assert [found[task]["temperature"] for task in found] == [1.0, 1.0, 1.0]
    assert found["toxicity"]["thresholds"] == {"default": {"value": 0.5}}
