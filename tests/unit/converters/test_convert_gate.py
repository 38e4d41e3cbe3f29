"""The gate: what no longer answers like the model it was made from is refused, and what broke it is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.stub_models import LABELS, dev_texts, reference, right, source

from edgewise_converters.errors import GateError
from edgewise_converters.gate.metric import macro_f1, quality
from edgewise_converters.gate.parity import compare
from edgewise_converters.gate.rows import answers
from edgewise_converters.gate.shapes import check_neighbours, check_shapes
from edgewise_converters.limits import Limits
from edgewise_converters.texts import DevText


def judge_answers(
    run: Any, texts: list[DevText], exact: str = "", limits: Limits | None = None
) -> dict[str, Any]:
    before = reference(texts)
    after = answers(run, before.rows.ids, ("sentiment",))
    return compare("a form", exact, source().specs, before.rows, before.logits, after, limits or Limits())


def test_the_same_model_passes_every_check() -> None:
    report = check_shapes("a form", right, source())
    assert 1 in report["lengths"] and source().max_tokens in report["lengths"]
    rows = reference(dev_texts(60)).rows
    assert check_neighbours("a form", right, source(), rows, 1e-4)["max_difference"] < 1e-5
    found = judge_answers(right, dev_texts(300, ["en", "de"]), "exact")
    assert found["agreement"]["sentiment"] == {
        "de": {"texts": 150, "share": 1.0},
        "en": {"texts": 150, "share": 1.0},
    }
    assert found["metric"]["sentiment"]["all"]["before"] == found["metric"]["sentiment"]["all"]["after"] > 0
    assert found["metric"]["sentiment"]["all"]["rows"] == 300


def test_a_model_that_returns_no_rows_for_other_lengths_is_caught_by_its_length() -> None:
    def broken(feeds: Any) -> Any:
        found = right(feeds)["sentiment"]
        return {"sentiment": found if feeds["input_ids"].shape[1] == 16 else found[:0]}

    with pytest.raises(GateError, match="length 1 in a batch of 1 gives sentiment the shape") as caught:
        check_shapes("a form", broken, source())
    assert caught.value.check == "shapes"


def test_one_row_for_a_whole_batch_is_caught() -> None:
    with pytest.raises(GateError, match="in a batch of 2"):
        check_shapes("a form", lambda feeds: {"sentiment": right(feeds)["sentiment"][:1]}, source())


@pytest.mark.parametrize("worth", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_caught(worth: float) -> None:
    with pytest.raises(GateError, match="not finite"):
        check_shapes("a form", lambda feeds: {"sentiment": right(feeds)["sentiment"] * worth}, source())


def test_a_missing_output_is_named() -> None:
    with pytest.raises(GateError, match="'sentiment'"):
        check_shapes("a form", lambda feeds: {"mood": right(feeds)["sentiment"]}, source())


def test_a_scale_for_the_whole_call_is_caught_with_the_text() -> None:
    def per_call(feeds: Any) -> Any:
        found = right(feeds)["sentiment"]
        step = np.abs(found).max() / 7
        return {"sentiment": np.round(found / step) * step}

    rows = reference(texts := dev_texts(60)).rows
    with pytest.raises(GateError, match="shares its batch") as caught:
        check_neighbours("a form", per_call, source(), rows, 1e-3)
    assert any(repr(text.text[:80]) in caught.value.what for text in texts)
    allowed = check_neighbours("a form", per_call, source(), rows, 1e-3, refuse=False)
    assert allowed["max_difference"] > 1e-3


def test_an_answer_that_sees_padding_is_caught() -> None:
    def sees(feeds: Any) -> Any:
        return right({**feeds, "attention_mask": np.ones_like(feeds["attention_mask"])})

    with pytest.raises(GateError, match="neighbours"):
        check_neighbours("a form", sees, source(), reference(dev_texts(60)).rows, 1e-3)


def test_the_language_that_a_form_breaks_is_named() -> None:
    """Every German text gets other answers; English alone would hide it in the mean."""
    texts = [*dev_texts(900), *dev_texts(100, ["de"], seed=6)]
    whole = reference(texts)
    broken = {key: value.copy() for key, value in whole.logits.items()}
    german = whole.rows.languages == "de"
    broken["sentiment"][german] = broken["sentiment"][german][:, ::-1]
    with pytest.raises(GateError, match="in the language 'de' only") as caught:
        compare("a form", "", source().specs, whole.rows, whole.logits, broken, Limits(metric=100.0))
    assert caught.value.check == "agreement"


@pytest.mark.parametrize(("flips", "passes"), [(1, True), (2, False)])
def test_of_few_texts_one_may_change(flips: int, passes: bool) -> None:
    whole = reference(dev_texts(40))
    broken = {key: value.copy() for key, value in whole.logits.items()}
    broken["sentiment"][:flips] *= -1
    specs, limits = source().specs, Limits(metric=100.0)
    if passes:
        compare("a form", "", specs, whole.rows, whole.logits, broken, limits)
    else:
        with pytest.raises(GateError, match="agreement"):
            compare("a form", "", specs, whole.rows, whole.logits, broken, limits)


def test_a_form_of_full_precision_must_have_the_same_probabilities() -> None:
    texts = dev_texts(50)

    def near(feeds: Any) -> Any:
        return {"sentiment": right(feeds)["sentiment"] * np.float32(1.02)}

    assert judge_answers(near, texts)["difference"]["sentiment"]["max"] > 1e-3
    with pytest.raises(GateError, match="differs by"):
        judge_answers(near, texts, "exact")


def test_quality_on_dev_may_not_change_even_where_most_verdicts_agree() -> None:
    """Two rare verdicts of 300 are lost: 99.3 % agree, macro-F1 does not."""
    whole = reference(dev_texts(300))
    logits = np.tile(np.float32([0, 5, 0]), (300, 1))
    logits[:2] = [9, 0, 0]
    texts = [
        DevText(t.text, "en", {"sentiment": LABELS[int(row.argmax())]})
        for t, row in zip(whole.rows.texts, logits, strict=True)
    ]
    rows = type(whole.rows)(texts, whole.rows.ids)
    flat = {"sentiment": np.tile(np.float32([0, 5, 0]), (300, 1))}
    with pytest.raises(GateError, match="macro-F1 of sentiment on dev changes by -50") as caught:
        compare("a form", "", source().specs, rows, {"sentiment": logits}, flat, Limits())
    assert caught.value.check == "metric" and "'en'" in caught.value.what


def test_macro_f1_counts_every_class_the_same() -> None:
    truth = np.array([0] * 9 + [1])
    assert macro_f1(truth, truth) == 1.0
    assert macro_f1(truth, np.zeros(10, int)) == pytest.approx((18 / 19) / 2)


def test_quality_of_several_labels_leaves_out_what_nobody_said() -> None:
    tasks = {"toxicity": {"labels": ["toxicity", "insult"], "activation": "sigmoid"}}
    spec = source(tasks=tasks).specs["toxicity"]
    texts = [
        DevText("a", labels={"toxicity": {"toxicity": 1.0}}),
        DevText("b", labels={"toxicity": {"toxicity": 0.0, "insult": 1.0}}),
        DevText("c", labels={}),
    ]
    told = np.array([[True, False], [False, False], [True, True]])
    assert quality(spec, "toxicity", texts, told) == (1.0, 2)


def test_a_distribution_counts_where_one_label_has_all_of_it() -> None:
    spec = source().specs["sentiment"]
    texts = [
        DevText("a", labels={"sentiment": {"negative": 1.0, "positive": 0.0}}),
        DevText("b", labels={"sentiment": {"negative": 0.5, "positive": 0.5}}),
    ]
    assert quality(spec, "sentiment", texts, np.array([[0], [0]])) == (1.0, 1)
