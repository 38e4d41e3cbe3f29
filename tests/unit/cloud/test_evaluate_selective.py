"""Selective accuracy: what is left out first, what the area is, and where the product's own `unsure` lies."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("pyarrow")

from edgewise_cloud.evaluate.records import Record, calibration_above, language_means
from edgewise_cloud.evaluate.scoring import Judged, distance
from edgewise_cloud.evaluate.selective import selective


def judged(confidence: list[float], right: list[bool], unsure: list[bool] | None = None) -> Judged:
    hit = np.array(right)
    gold = np.zeros(len(hit), dtype=np.int64)
    own = {} if unsure is None else {"unsure": np.array(unsure)}
    return Judged("sentiment", ("a", "b"), gold, (~hit).astype(np.int64), np.array(confidence), hit, **own)


def test_the_least_certain_answers_are_left_out_first() -> None:
    curve = selective([judged([0.6, 0.9, 0.8, 0.7], [False, True, True, True])])
    assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert curve.accuracy.tolist() == [1.0, 1.0, 1.0, 0.75]
    assert curve.aurc == pytest.approx(0.25 / 4)
    assert curve.best_aurc == pytest.approx(curve.aurc), "the one error is the least certain answer"


def test_certainty_that_says_nothing_costs_area() -> None:
    worst = selective([judged([0.9, 0.8, 0.7, 0.6], [False, True, True, True])])
    assert worst.aurc == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert worst.best_aurc == pytest.approx(0.25 / 4)


def test_the_order_of_rows_that_are_equally_certain_does_not_matter() -> None:
    first = selective([judged([0.8, 0.8, 0.8, 0.8], [True, True, False, False])])
    other = selective([judged([0.8, 0.8, 0.8, 0.8], [False, False, True, True])])
    assert first.accuracy.tolist() == other.accuracy.tolist() == [0.5] * 4
    assert first.aurc == other.aurc == pytest.approx(0.5)


def test_the_products_own_unsure_is_a_point_of_its_own() -> None:
    part = judged([0.9, 0.8, 0.7, 0.6], [True, True, False, False], [False, False, False, True])
    curve = selective([part])
    assert curve.own_coverage == 0.75
    assert curve.own_accuracy == pytest.approx(2 / 3)
    every = selective([judged([0.5], [True], [True])])
    assert (every.own_coverage, every.own_accuracy) == (0.0, None)
    assert every.to_dict()["own"] == {"coverage": 0.0, "accuracy": None}


def test_several_sets_are_one_curve_of_at_most_a_hundred_points() -> None:
    random = np.random.default_rng(3)
    parts = [
        judged(random.uniform(0.4, 1, 400).tolist(), (random.random(400) < 0.8).tolist()) for _ in range(2)
    ]
    curve = selective(parts)
    assert (curve.rows, len(curve.coverage)) == (800, 100)
    assert curve.accuracy[-1] == pytest.approx(np.mean([(p.gold == p.guess).mean() for p in parts]))
    assert len(curve.to_dict()["accuracy"]) == 100


def test_a_score_far_below_the_threshold_is_as_certain_as_one_far_above() -> None:
    score = np.array([0.05, 0.5, 0.95])
    toxic = Judged(
        "toxicity", ("non-toxic", "toxic"), np.array([0, 0, 1]), np.array([0, 1, 1]), score, score > 0.9
    )
    assert toxic.certainty.round(2).tolist() == [0.9, 0.0, 0.9]
    assert selective([toxic]).accuracy.round(2).tolist() == [1.0, 1.0, 0.67]
    assert distance(score, np.array([0.05, 0.6, 0.9])).round(2).tolist() == [0.0, 0.17, 0.5]


def record(language: str, rows: int, ece: float, dataset: str = "sentiment/a", split: str = "test") -> Record:
    return Record("sentiment", dataset, split, language, rows, {"ece": ece, "macro_f1": 0.5})


def test_languages_with_a_large_calibration_error_are_named_the_worst_first() -> None:
    records = [
        record("de", 100, 0.09),
        record("de", 300, 0.05, "sentiment/b"),
        record("fr", 500, 0.2),
        record("it", 500, 0.04),
        record("es", 99, 0.3),
        record("all", 900, 0.3),
        record("it", 500, 0.9, "sentiment/a:binary"),
        record("it", 500, 0.9, "slices/names", "suite"),
    ]
    assert calibration_above(records, "sentiment") == [("fr", 0.2), ("de", pytest.approx(0.06))]
    assert calibration_above(records, "emotion") == []


def test_suites_are_in_no_mean_over_languages() -> None:
    records = [record("de", 100, 0.1), record("fr", 100, 0.1, "slices/names", "suite")]
    assert language_means(records, ["macro_f1"])[0]["languages"] == 1
