"""The figures against values computed by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("sklearn")

from edgewise_cloud.evaluate.metrics import (
    auc,
    choice_metrics,
    expected_calibration_error,
    macro_auc,
    prevalence_weights,
)

ROWS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


@given(ROWS)
def test_the_calibration_error_is_what_the_paper_writes(rows: list[tuple[float, bool]]) -> None:
    slow = 0.0
    for low in range(15):
        inside = [(p, hit) for p, hit in rows if low / 15 < p <= (low + 1) / 15 or (low == 0 and p == 0)]
        if inside:
            confidence = sum(p for p, _ in inside) / len(inside)
            accuracy = sum(hit for _, hit in inside) / len(inside)
            slow += len(inside) / len(rows) * abs(accuracy - confidence)
    fast = expected_calibration_error([p for p, _ in rows], [hit for _, hit in rows])
    # A probability on the edge of a bin may fall to either side by rounding.
    edge = sum(abs(p * 15 - round(p * 15)) < 1e-9 for p, _ in rows) / len(rows)
    assert fast == pytest.approx(slow, abs=1e-9 + edge)
    assert 0 <= fast <= 1


def test_calibrated_answers_have_no_calibration_error_and_boasts_a_large_one() -> None:
    assert expected_calibration_error([0.75] * 4, [1, 1, 1, 0]) == pytest.approx(0)
    assert expected_calibration_error([1.0] * 4, [0, 0, 0, 0]) == 1
    assert math.isnan(expected_calibration_error([], []))


def test_f1_and_recall_of_a_small_table() -> None:
    values = choice_metrics(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]))
    assert values["accuracy"] == 0.75
    assert values["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert values["weighted_f1"] == pytest.approx(0.8 * 0.75 + 2 / 3 * 0.25)
    assert values["macro_recall"] == pytest.approx((2 / 3 + 1) / 2)


def test_answers_outside_the_labels_are_wrong_but_no_class_of_their_own() -> None:
    values = choice_metrics(np.array([0, 1]), np.array([0, -1]))
    assert values["accuracy"] == 0.5
    assert values["macro_f1"] == 0.5


def test_rows_of_one_label_have_no_f1() -> None:
    assert choice_metrics(np.array([1, 1]), np.array([1, 0])) == {"accuracy": 0.5}
    assert math.isnan(auc([1, 1], [0.2, 0.3]))
    assert math.isnan(macro_auc(np.array([1, 1]), np.ones((2, 3))))


def test_the_macro_auc_leaves_out_labels_that_never_occur() -> None:
    gold = np.array([0, 0, 2])
    scores = np.array([[0.9, 0.0, 0.1], [0.2, 0.0, 0.8], [0.1, 0.0, 0.9]])
    assert macro_auc(gold, scores) == pytest.approx((1.0 + 1.0) / 2)


def test_weights_restore_the_published_share_of_positives() -> None:
    truth = np.array([True] * 5 + [False] * 5)
    weights = prevalence_weights(truth, 6090, 63978)
    assert weights[truth].sum() / weights.sum() == pytest.approx(6090 / 63978)
    guess = np.array([1] * 5 + [1, 0, 0, 0, 0])
    values = choice_metrics(truth.astype(np.int64), guess, weights)
    assert values["accuracy"] == pytest.approx(1 - 0.2 * (1 - 6090 / 63978))
