"""Whatever is passed in gets a defined result or a typed error."""

import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise import Analysis, Analyzer, InputError, InputTypeError, Prediction

WORDS = st.sampled_from(
    ["good", "great", "idiot", "hate", "schlecht", "gut", "wow", "you", "are", "12", "😍", "x"]
)
ANY_TEXT = st.one_of(
    st.text(),
    st.text(st.characters(categories=["Cs", "Mn", "Cf", "Cc", "Lu", "So"])),
    st.lists(WORDS, max_size=60).map(" ".join),
    st.lists(st.one_of(WORDS, st.text(max_size=3)), max_size=12).map("".join),
)

HOSTILE = {
    "empty": "",
    "blank": " \t\n\u3000 ",
    "one emoji": "😍",
    "digits": "12345 67",
    "NUL": "good\x00day\x00",
    "only NUL": "\x00" * 50,
    "lone surrogates": "good \ud83d day \udc00",
    "right-to-left marks": "\u202egood\u202c \u200f\u2067you\u2069",
    "zero-width only": "\u200b\u200d\ufeff",
    "million combining": "e" + "\u0301" * 1_000_000,
    "HTML": "<p class='x'>good &amp; <b>great</b><!-- idiot --></p>" * 5,
    "only HTML": "<br/><br/>",
    "one MB": "good day you idiot " * 52_000,
    "one MB without spaces": "a" * 1_000_000,
    "one MB of emoji": "😍" * 250_000,
    "special tokens": "[PAD] [UNK] [CLS] [SEP] <s> </s> <unk>",
    "newlines": "good\r\n\r\nday\u2028you",
    "private use": "\ue000\U0010ffff\ufffe",
}


def check(found: Analysis, text: str) -> None:
    """Everything that holds of every result."""
    for task, answer in (
        ("sentiment", found.sentiment),
        ("emotion", found.emotion),
        ("language", found.language),
    ):
        assert isinstance(answer, Prediction), task
        assert math.isclose(sum(answer.scores.values()), 1.0, abs_tol=1e-5), task
        assert answer.labels == (answer.label,)
        assert answer.score == answer.scores[answer.label]
    toxicity = found.toxicity
    assert toxicity is not None
    assert toxicity.label in ("toxic", "non-toxic")
    assert toxicity.score == toxicity.scores["toxicity"]
    for answer in (found.language, found.sentiment, found.toxicity, found.emotion):
        assert answer is not None
        assert all(type(score) is float and 0.0 <= score <= 1.0 for score in answer.scores.values())
        assert type(answer.unsure) is bool
    for span in found.spans:
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == span.text
        assert 0.0 < span.weight <= 1.0
    assert str(found)
    assert Analysis.to_dict(found)
    assert pickle.loads(pickle.dumps(found)) == found


@settings(max_examples=150)
@given(text=ANY_TEXT)
def test_any_text_gets_a_sound_result(analyzer: Analyzer, text: str) -> None:
    check(analyzer.analyze(text), text)


@settings(max_examples=60)
@given(text=ANY_TEXT)
def test_any_text_can_be_explained(analyzer: Analyzer, text: str) -> None:
    check(analyzer.analyze(text, explain=True), text)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_gets_a_sound_result(analyzer: Analyzer, name: str) -> None:
    text = HOSTILE[name]
    check(analyzer.analyze(text), text)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_can_be_explained(analyzer: Analyzer, name: str) -> None:
    text = HOSTILE[name]
    check(analyzer.analyze(text, explain=True), text)


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u200b", "<br>", "😍", "12345", "qwrtz", "[PAD] [UNK]"])
def test_a_text_with_nothing_to_judge(analyzer: Analyzer, text: str) -> None:
    found = analyzer.analyze(text)
    assert found.language.label == "und" and found.language.unsure
    assert found.sentiment is not None and found.toxicity is not None and found.emotion is not None
    assert found.sentiment.label == "neutral" and found.sentiment.unsure
    assert found.emotion.label == "neutral" and found.emotion.unsure
    assert found.toxicity.label == "non-toxic" and not found.toxicity.unsure
    assert set(found.toxicity.scores.values()) == {0.0}
    assert found.unsure and not found.truncated and found.spans == ()


def test_a_comment_that_spells_a_special_token_is_read_as_words(analyzer: Analyzer) -> None:
    plain = analyzer.analyze("good PAD").to_dict()["sentiment"]["scores"]
    assert analyzer.analyze("good [PAD]").to_dict()["sentiment"]["scores"] != plain  # brackets are tokens
    assert analyzer.analyze("[PAD]").unsure


NO_TEXTS: list[tuple[Any, str]] = [
    (None, "NoneType"),
    (b"bytes", "bytes"),
    (3, "int"),
    (3.5, "float"),
    (float("nan"), "NaN"),
    (np.float64("nan"), "float64"),
    (["a", "list"], "analyze_batch"),
    (("a",), "analyze_batch"),
    ({"a": 1}, "dict"),
    (True, "bool"),
]


@pytest.mark.parametrize(("value", "said"), NO_TEXTS, ids=[said for _, said in NO_TEXTS])
def test_what_is_no_text_is_refused_with_its_type(analyzer: Analyzer, value: Any, said: str) -> None:
    with pytest.raises(InputTypeError, match=said) as caught:
        analyzer.analyze(value)
    assert isinstance(caught.value, TypeError)
    assert caught.value.position is None


@pytest.mark.parametrize(("value", "said"), NO_TEXTS, ids=[said for _, said in NO_TEXTS])
def test_in_a_batch_the_error_knows_the_position(analyzer: Analyzer, value: Any, said: str) -> None:
    with pytest.raises(InputTypeError, match="position 2") as caught:
        analyzer.analyze_batch(["good", "bad", value, "great"])
    assert caught.value.position == 2


@pytest.mark.parametrize("texts", ["one text", b"bytes", {"a": 1}, None, 3, float("nan")])
def test_what_holds_no_texts_is_refused(analyzer: Analyzer, texts: Any) -> None:
    for call in (analyzer.analyze_batch, analyzer.stream):
        with pytest.raises(InputTypeError, match="many texts"):
            call(texts)
        with pytest.raises(InputTypeError):
            call(texts, on_error="return")


def test_a_single_text_in_place_of_many_is_told_what_to_do(analyzer: Analyzer) -> None:
    with pytest.raises(InputTypeError, match=r"analyze\(text\).*\[text\]"):
        analyzer.analyze_batch("good")


def test_errors_are_returned_in_place_when_asked(analyzer: Analyzer) -> None:
    found = analyzer.analyze_batch(["good", None, "bad", 3.0, b""], on_error="return")  # type: ignore[list-item]
    assert [type(item) for item in found] == [
        Analysis,
        InputTypeError,
        Analysis,
        InputTypeError,
        InputTypeError,
    ]
    errors = [item for item in found if isinstance(item, InputError)]
    assert [error.position for error in errors if isinstance(error, InputTypeError)] == [1, 3, 4]


@pytest.mark.parametrize(
    "arguments", [{"on_error": "ignore"}, {"batch_size": 0}, {"batch_size": 2.5}, {"batch_size": None}]
)
def test_batch_arguments_that_make_no_sense_are_refused(analyzer: Analyzer, arguments: dict) -> None:
    with pytest.raises(ValueError, match="Give"):
        analyzer.analyze_batch(["good"], **arguments)


def test_a_numpy_string_is_a_text(analyzer: Analyzer) -> None:
    array = np.array(["good", "bad"])
    found = [item.to_dict()["sentiment"]["label"] for item in analyzer.analyze_batch(array)]
    assert found == ["positive", "negative"]
    assert analyzer.analyze(array[0]).text_hash == analyzer.analyze("good").text_hash
