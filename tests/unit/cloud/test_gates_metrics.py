"""Each figure against a direct computation, and how rows are chosen for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sklearn")
pytest.importorskip("pyarrow")

from tests.support.made_predictions import part

from edgewise.labels import LABELS
from edgewise_cloud.evaluate.metrics import (
    auc,
    choice_metrics,
    expected_calibration_error,
    prevalence_weights,
)
from edgewise_cloud.gates import METRICS, Gate
from edgewise_cloud.gates.rows import beside, cells, select
from edgewise_cloud.predictions import TaskPredictions

SENTIMENT = LABELS["sentiment"]
LABEL = st.sampled_from(SENTIMENT)
ROWS = st.lists(st.tuples(LABEL, LABEL, LABEL), min_size=1, max_size=40)
TOXIC = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.integers(0, 10), st.integers(0, 10)), min_size=2, max_size=40
)


def figures(
    name: str, *models: TaskPredictions, prevalence: tuple[int, int] | None = None
) -> list[float] | None:
    measure = METRICS[name].build(models, "toxicity", prevalence)
    if measure is None:
        return None
    drawn = measure.units.resampled(np.random.default_rng(0), 20)
    assert drawn.shape == (20, len(models))
    assert ((drawn >= -1e-9) & (drawn <= 1 + 1e-9)).all()
    return [float(value) for value in measure.units.figures()]


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_choices_are_counted_as_scikit_learn_counts_them(rows: list[tuple[str, str, str]]) -> None:
    gold, one, two = (list(column) for column in zip(*rows, strict=True))
    truth = np.array([SENTIMENT.index(label) for label in gold])
    models = [part("sentiment", gold, guess) for guess in (one, two)]
    wanted = [
        choice_metrics(truth, np.array([SENTIMENT.index(label) for label in guess])) for guess in (one, two)
    ]
    for name in ("accuracy", "macro_f1", "weighted_f1", "macro_recall"):
        found = figures(name, *models)
        if name not in wanted[0]:
            assert found is None
        else:
            assert found == pytest.approx([own[name] for own in wanted])


def toxic(rows: list[tuple[bool, bool, int, int]], column: int = 2) -> TaskPredictions:
    scores = [[row[column] / 10, *[0.0] * 6] for row in rows]
    return part(
        "toxicity",
        ["toxicity" if row[0] else "" for row in rows],
        ["toxicity" if row[1] else "" for row in rows],
        scores=scores,
    )


@settings(max_examples=60, deadline=None)
@given(TOXIC)
def test_toxicity_is_counted_as_elsewhere(rows: list[tuple[bool, bool, int, int]]) -> None:
    truth, guess = (np.array([int(row[i]) for row in rows]) for i in (0, 1))
    models = [toxic(rows, 2), toxic(rows, 3)]
    p = [np.float32([row[i] / 10 for row in rows]) for i in (2, 3)]
    assert figures("ece", *models) == pytest.approx([expected_calibration_error(own, truth) for own in p])
    both = 0 < truth.sum() < truth.size
    assert (figures("auc", *models) is not None) == both
    if both:
        assert figures("auc", *models) == pytest.approx([auc(truth, own) for own in p])
        weights = prevalence_weights(truth == 1, 6090, 63978)
        wanted = choice_metrics(truth, guess, weights)
        for name in ("accuracy", "macro_f1", "weighted_f1"):
            assert figures(name, models[0], prevalence=(6090, 63978)) == pytest.approx([wanted[name]])
    if (truth == 0).any():
        assert figures("false_positive_rate", models[0]) == pytest.approx([guess[truth == 0].mean()])
    if (truth == 1).any():
        assert figures("false_negative_rate", models[0]) == pytest.approx([1 - guess[truth == 1].mean()])


def test_the_bootstrap_of_an_area_spreads_like_drawing_rows() -> None:
    generator = np.random.default_rng(0)
    truth = generator.random(400) < 0.3
    score = np.clip(generator.normal(0.4 + 0.2 * truth, 0.15), 0, 1)
    made = part(
        "toxicity",
        ["toxicity" if t else "" for t in truth],
        [""] * 400,
        scores=[[s, *[0.0] * 6] for s in score],
    )
    measure = METRICS["auc"].build([made], "toxicity", None)
    assert measure is not None
    drawn = measure.units.resampled(np.random.default_rng(1), 1000)[:, 0]
    yes, no = np.flatnonzero(truth), np.flatnonzero(~truth)
    direct = []
    for _ in range(300):
        rows = np.concatenate([generator.choice(yes, yes.size), generator.choice(no, no.size)])
        direct.append(auc(truth[rows], score[rows]))
    assert drawn.std() == pytest.approx(np.std(direct), rel=0.15)
    assert drawn.mean() == pytest.approx(np.mean(direct), abs=0.005)


def test_many_different_scores_keep_the_exact_area() -> None:
    generator = np.random.default_rng(0)
    truth = generator.random(9000) < 0.5
    score = np.clip(generator.normal(0.4 + 0.2 * truth, 0.15), 0, 1).astype(np.float32)
    made = part(
        "toxicity",
        ["toxicity" if t else "" for t in truth],
        [""] * 9000,
        scores=[[s, *[0.0] * 6] for s in score],
    )
    found = figures("auc", made)
    assert found == pytest.approx([auc(truth, score)])


def test_several_labels_a_row_are_judged_one_by_one() -> None:
    made = part(
        "emotion",
        ["joy|surprise", "anger", "", "joy"],
        ["joy", "anger|joy", "joy", "anger"],
        known=[["joy", "surprise", "anger"]] * 3 + [["joy"]],
    )
    # joy: 1 hit, 3 given, 2 to find; anger: 1 hit, and the last row does not tell; surprise is never given.
    assert figures("multilabel_macro_f1", made) == pytest.approx([np.mean([2 / 5, 1.0, 0.0])])


def test_both_members_of_a_pair_must_be_right() -> None:
    tags = [("pair=a",), ("pair=a",), ("pair=b",), ("pair=b",), ()]
    gold = ["positive", "negative", "positive", "negative", "positive"]
    one = part("sentiment", gold, ["positive", "negative", "positive", "positive", "negative"], slices=tags)
    two = part("sentiment", gold, ["positive"] * 5, slices=tags)
    assert figures("pair_consistency", one, two) == [0.5, 0.0]
    measure = METRICS["pair_consistency"].build([one, two], "toxicity", None)
    assert measure is not None
    assert (measure.alone(), measure.rows, measure.exact) == ((1, 0), 4, True)
    assert figures("pair_consistency", part("sentiment", gold, gold)) is None


def test_pairs_of_two_languages_are_not_mixed() -> None:
    tags = [("pair=a",)] * 4
    gold = ["positive"] * 4
    made = part(
        "sentiment",
        gold,
        ["positive", "positive", "negative", "positive"],
        slices=tags,
        lang=["en", "en", "de", "de"],
    )
    assert figures("pair_consistency", made) == [0.5]


def test_the_gap_lies_between_the_means_of_terms() -> None:
    tags = [(f"term={term}", f"template={k}") for term in "abc" for k in "12"]
    p = [0.1, 0.3, 0.2, 0.2, 0.9, 0.5]
    scores = [[value, *[0.0] * 6] for value in p]
    guess = ["", "", "", "", "toxicity", ""]
    made = part("toxicity", [""] * 6, guess, scores=scores, slices=tags)
    assert figures("score_gap", made) == pytest.approx([0.7 - 0.2])
    assert figures("rate_gap", made) == pytest.approx([0.5])
    assert figures("score_gap", made.take([0, 1])) is None


def test_twins_are_compared_one_with_another() -> None:
    tags = [("pair=1",), ("pair=1",), ("pair=2",), ("pair=2",), ("pair=2",), ("pair=3",), ()]
    p = [0.1, 0.4, 0.2, 0.2, 0.3, 0.9, 0.0]
    scores = [[value, *[0.0] * 6] for value in p]
    made = part("toxicity", [""] * 7, [""] * 7, scores=scores, slices=tags)
    assert figures("twin_gap", made) == pytest.approx([(0.3 + 0.1) / 2])
    assert figures("largest_twin_gap", made) == pytest.approx([0.3])
    assert figures("twin_gap", made.take([0, 2, 5, 6])) is None, "nobody has a twin"


def test_twins_of_a_template_need_terms_and_stay_in_their_language() -> None:
    tags = [("term=a", "template=1"), ("term=b", "template=1"), ("template=1",), ("term=a", "template=1")]
    scores = [[value, *[0.0] * 6] for value in (0.5, 0.7, 0.0, 1.0)]
    lang = ["en", "en", "en", "de"]
    made = part("toxicity", [""] * 4, [""] * 4, scores=scores, slices=tags, lang=lang)
    assert figures("largest_twin_gap", made) == pytest.approx([0.2])


def test_the_largest_gap_of_drawn_twins_is_never_above_that_of_all() -> None:
    tags = [(f"pair={k // 2}",) for k in range(20)]
    scores = [[0.05 * (k // 2) * (k % 2), *[0.0] * 6] for k in range(20)]
    made = part("toxicity", [""] * 20, [""] * 20, scores=scores, slices=tags)
    measure = METRICS["largest_twin_gap"].build([made], "toxicity", None)
    assert measure is not None
    drawn = measure.units.resampled(np.random.default_rng(0), 200)[:, 0]
    assert drawn.max() == pytest.approx(0.45)
    assert drawn.min() < 0.45
    assert np.isfinite(drawn).all()


def test_an_answer_outside_a_set_gives_way_to_the_best_inside() -> None:
    made = part(
        "sentiment",
        ["positive", "negative"],
        ["neutral", "neutral"],
        scores=[[0.1, 0.6, 0.3], [0.05, 0.9, 0.05]],
        known=[["negative", "positive"], list(SENTIMENT)],
    )
    assert figures("accuracy", made) == [0.5]


def test_rows_are_chosen_by_all_that_a_gate_names() -> None:
    made = part(
        "sentiment",
        ["positive"] * 5,
        ["positive"] * 5,
        dataset=["a", "a", "b", "slices/negation", "a"],
        lang=["en", "de", "en", "en", "en"],
        slices=[(), (), (), ("negation", "kind=x"), ("negation",)],
    )

    def rows(**wanted: object) -> list[str]:
        gate = Gate("sentiment", "accuracy", **wanted)  # type: ignore[arg-type]
        return [text[-1] for text in select(made, gate).texts]

    assert rows() == ["0", "1", "2", "4"]
    assert rows(dataset="a", language="en") == ["0", "4"]
    assert rows(slice=("negation",)) == ["3", "4"]
    assert rows(slice=("negation", "kind=x")) == ["3"]
    assert rows(dataset="slices/negation") == ["3"]
    assert rows(split="dev") == []
    assert [(a, b, int(c.sum())) for a, b, c in cells(select(made, Gate("sentiment", "accuracy")))] == [
        ("a", "de", 1),
        ("a", "en", 2),
        ("b", "en", 1),
    ]


def test_labels_restrict_and_merge() -> None:
    made = part("emotion", ["joy|love", "love", "anger"], ["love", "joy", "fear"])
    merged = select(made, Gate("emotion", "accuracy", merge={"love": "joy"}))
    assert "love" not in merged.labels
    assert figures("accuracy", merged) == pytest.approx([2 / 3])
    only = select(merged, Gate("emotion", "accuracy", labels=("joy", "anger")))
    assert only.labels == ("anger", "joy")
    # Of the last row, joy and love together outweigh anger.
    assert figures("accuracy", only) == pytest.approx([2 / 3])


def test_the_champion_is_found_on_the_same_rows() -> None:
    texts = ["a", "b", "a", "c"]
    own = part("sentiment", ["positive"] * 4, ["positive"] * 4, texts=texts)
    other = part(
        "sentiment",
        ["negative"] * 4,
        ["negative", "neutral", "positive", "neutral"],
        texts=["x", "a", "b", "a"],
    )
    found, answers = beside(own, other)
    assert found.tolist() == [True, True, True, False]
    assert [answers.labels[i] for i in answers.answer.argmax(axis=1)] == ["neutral", "positive", "neutral"]
    assert answers.gold[:, 2].all()
