"""From logits to a calibrated answer."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.bundle import TaskSpec, Threshold
from edgewise.engine.heads import Head

MOODS = TaskSpec(("sad", "neutral", "glad"), "softmax", thresholds={"default": Threshold(0.5)})
TOXIC = TaskSpec(("toxicity", "insult"), "sigmoid", thresholds={"insult": Threshold(0.7)}, pooling="max")
FINITE = st.floats(-1e30, 1e30)


@given(logits=st.lists(FINITE, min_size=3, max_size=3), temperature=st.floats(1e-3, 1e3))
def test_softmax_sums_to_one_for_any_finite_logits(logits: list[float], temperature: float) -> None:
    scores = Head(TaskSpec(MOODS.labels, "softmax", temperature)).scores(logits, None)
    assert math.isclose(sum(scores), 1.0)
    assert all(0.0 <= score <= 1.0 for score in scores)


@given(logits=st.lists(FINITE, min_size=2, max_size=2), temperature=st.floats(1e-3, 1e3))
def test_sigmoid_stays_in_bounds_for_any_finite_logits(logits: list[float], temperature: float) -> None:
    scores = Head(TaskSpec(TOXIC.labels, "sigmoid", temperature)).scores(logits, None)
    assert all(0.0 <= score <= 1.0 for score in scores)


def test_scores_are_the_textbook_ones() -> None:
    weights = [math.exp(value) for value in (-1.0, 0.5, 2.0)]
    wanted = [weight / sum(weights) for weight in weights]
    assert Head(MOODS).scores([-1.0, 0.5, 2.0], None) == pytest.approx(wanted)
    assert Head(TOXIC).scores([0.0, -2.0], None) == pytest.approx([0.5, 1 / (1 + math.exp(2))])


def test_logits_are_divided_by_the_language_s_temperature() -> None:
    spec = TaskSpec(MOODS.labels, "softmax", 2.0, temperature_by_language={"de": 4.0})
    plain, head = Head(MOODS), Head(spec)
    assert head.scores([4.0, 0.0, 8.0], "en") == pytest.approx(plain.scores([2.0, 0.0, 4.0], None))
    assert head.scores([4.0, 0.0, 8.0], "de") == pytest.approx(plain.scores([1.0, 0.0, 2.0], None))


def test_the_likeliest_label_answers_and_is_unsure_below_its_threshold() -> None:
    found = Head(MOODS).predict([0.1, 0.3, 0.6], None)
    assert (found.label, found.score, found.threshold, found.unsure) == ("glad", 0.6, 0.5, False)
    assert found.labels == ("glad",)
    assert Head(MOODS).predict([0.3, 0.3, 0.4], None).unsure
    assert not Head(MOODS).predict([0.5, 0.3, 0.2], None).unsure, "at the threshold is enough"
    assert Head(MOODS).predict([0.1, 0.3, 0.6], None, {"glad": 0.9}).unsure
    assert not Head(MOODS).predict([0.1, 0.3, 0.6], None, {"sad": 0.9}).unsure


def test_toxicity_has_a_verdict_and_a_list() -> None:
    head = Head(TOXIC)
    found = head.predict([0.8, 0.7], None)
    assert (found.label, found.score, found.labels) == ("toxic", 0.8, ("toxicity", "insult"))
    found = head.predict([0.2, 0.9], None)
    assert (found.label, found.score, found.labels) == ("non-toxic", 0.2, ("insult",))
    assert head.predict([0.5, 0.0], None).label == "toxic", "at the threshold is enough"
    assert head.predict([0.55, 0.0], None).unsure
    assert head.predict([0.45, 0.0], None).unsure
    assert not head.predict([0.61, 0.0], None).unsure
    assert not head.predict([0.5, 0.65], None, {"toxicity": 0.9}).unsure


def test_a_blank_text_is_neutral_and_harmless() -> None:
    mood, toxic = Head(MOODS).predict_blank(), Head(TOXIC).predict_blank()
    assert (mood.label, mood.unsure) == ("neutral", True)
    assert math.isclose(sum(mood.scores.values()), 1.0)
    assert mood.score == mood.scores["neutral"]
    assert (toxic.label, toxic.score, toxic.labels, toxic.unsure) == ("non-toxic", 0.0, (), False)


def test_without_a_neutral_label_a_blank_text_gets_some_label_of_the_task() -> None:
    found = Head(TaskSpec(("yes", "no"), "softmax")).predict_blank()
    assert found.label in found.scores and found.unsure


def test_windows_are_pooled_by_mean_or_maximum() -> None:
    rows = [[0.8, 0.1, 0.1], [0.2, 0.2, 0.6]]
    assert Head(MOODS).pool(rows, [3, 1]) == pytest.approx([0.65, 0.125, 0.225])
    assert Head(TOXIC).pool([[0.8, 0.1], [0.2, 0.6]], [3, 1]) == [0.8, 0.6]
    assert Head(MOODS).pool(rows[:1], [3]) == rows[0]


ROW = st.lists(st.floats(-20, 20), min_size=3, max_size=3)


@given(rows=st.lists(ROW, min_size=1, max_size=9), data=st.data())
def test_pooled_scores_are_probabilities(rows: list[list[float]], data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(1, 500), min_size=len(rows), max_size=len(rows)))
    for pooling in ("mean", "max"):
        head = Head(TaskSpec(MOODS.labels, "softmax", pooling=pooling))
        pooled = head.pool([head.scores(row, None) for row in rows], weights)
        assert math.isclose(sum(pooled), 1.0)
        assert all(0.0 <= score <= 1.0 for score in pooled)


def test_shares_say_which_window_decided() -> None:
    rows = [[0.8, 0.1], [0.2, 0.6], [0.3, 0.3]]
    assert Head(TOXIC).shares(rows, [1, 1, 1], 0) == [1.0, 0.0, 0.0]
    assert Head(TOXIC).shares(rows, [1, 1, 1], 1) == [0.0, 1.0, 0.0]
    assert Head(MOODS).shares(rows, [2, 1, 1], 0) == [0.5, 0.25, 0.25]


@given(
    logits=st.lists(st.floats(-1e3, 1e3) | st.sampled_from([0.0, -0.0]), min_size=3, max_size=3),
    activation=st.sampled_from(["softmax", "sigmoid"]),
    labels=st.sampled_from([MOODS.labels, ("insult", "toxicity", "threat")]),
    limit=st.none() | st.floats(0, 1),
    language=st.sampled_from([None, "de"]),
)
def test_an_answer_in_one_go_is_that_of_the_steps(
    logits: list[float], activation: str, labels: tuple[str, ...], limit: float | None, language: str | None
) -> None:
    thresholds = {"default": Threshold(0.4, by_language={"de": Threshold(0.6)})}
    head = Head(TaskSpec(labels, activation, 1.3, {"de": 0.7}, thresholds))
    given = {} if limit is None else {labels[0]: limit}
    answer = head.answer(logits, language, given)
    steps = head.predict(head.scores(logits, language), language, given)
    assert answer == steps
    assert list(answer.scores) == list(steps.scores)
