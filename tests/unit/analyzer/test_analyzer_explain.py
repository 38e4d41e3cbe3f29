"""Which words made it so."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise import Analyzer, Span


def spans(analyzer: Analyzer, text: str, task: str) -> list[Span]:
    found = analyzer.analyze(text, explain=True)
    for span in found.spans:
        assert text[span.start : span.end] == span.text
    return [span for span in found.spans if span.task == task]


def test_the_word_that_did_it_comes_first(analyzer: Analyzer) -> None:
    found = spans(analyzer, "You are a damn IDIOT", "toxicity")
    assert [span.text for span in found] == ["IDIOT", "damn"]
    assert {span.label for span in found} == {"toxicity"}
    assert found[0].weight > found[1].weight > 0


def test_a_weight_is_what_the_label_loses_without_the_word(analyzer: Analyzer) -> None:
    text = "you are good and happy"
    found = {span.text: span.weight for span in spans(analyzer, text, "sentiment")}
    whole = analyzer.analyze(text, tasks=["sentiment"]).to_dict()["sentiment"]["score"]
    without = analyzer.analyze("you are  and happy", tasks=["sentiment"]).to_dict()["sentiment"]["scores"]
    assert found["good"] == pytest.approx(whole - without["positive"], abs=1e-5)


def test_a_text_of_one_word_loses_what_an_empty_text_lacks(analyzer: Analyzer) -> None:
    (span,) = spans(analyzer, "great", "sentiment")
    score = analyzer.analyze("great").to_dict()["sentiment"]["score"]
    assert span.weight == pytest.approx(score - 1 / 3, abs=1e-5)


def test_words_that_speak_against_the_label_are_not_named(analyzer: Analyzer) -> None:
    assert "bad" not in [span.text for span in spans(analyzer, "great love happy bad", "sentiment")]


def test_words_that_say_nothing_are_not_named(analyzer: Analyzer) -> None:
    assert [span.text for span in spans(analyzer, "the idiot and", "toxicity")] == ["idiot"]


def test_a_text_that_is_clearly_not_toxic_has_no_words_that_made_it_so(analyzer: Analyzer) -> None:
    assert spans(analyzer, "you are great", "toxicity") == []
    assert analyzer.analyze("great", tasks=["toxicity"], explain=True).spans == ()


def test_words_that_could_make_it_toxic_are_named_where_it_is_unsure(analyzer: Analyzer) -> None:
    found = analyzer.analyze("you are an idiot so", thresholds={"toxicity": 0.4}, explain=True)
    assert found.toxicity is not None and found.toxicity.label == "non-toxic" and found.toxicity.unsure
    assert [span.text for span in found.spans if span.task == "toxicity"] == ["idiot"]


def test_nothing_is_explained_unless_asked(analyzer: Analyzer) -> None:
    assert analyzer.analyze("idiot").spans == ()


def test_an_explanation_changes_no_answer(analyzer: Analyzer) -> None:
    for text in ("you damn idiot", "good " * 100, ""):
        plain, explained = analyzer.analyze(text).to_dict(), analyzer.analyze(text, explain=True).to_dict()
        for task in ("language", "sentiment", "toxicity", "emotion", "unsure", "truncated"):
            assert plain[task] == explained[task]


def test_only_the_tasks_asked_for_are_explained(analyzer: Analyzer) -> None:
    found = analyzer.analyze("idiot great", tasks=["emotion"], explain=True)
    assert found.spans and {span.task for span in found.spans} == {"emotion"}


def test_an_attribute_is_explained_where_only_it_was_given(analyzer: Analyzer) -> None:
    found = analyzer.analyze("damn", thresholds={"toxicity": 1.0}, explain=True, tasks=["toxicity"])
    assert found.toxicity is not None and found.toxicity.labels == ("profanity",)
    assert [(span.text, span.label) for span in found.spans] == [("damn", "profanity")]


DISGUISED = {
    "zero-width": ("you \u200bid\u200biot\u200b!", "id\u200biot"),
    "full width": ("you ｉｄｉｏｔ!", "ｉｄｉｏｔ"),
    "spelled out": ("you i d i o t now", "i d i o t"),
    "leetspeak": ("you 1d10t now", "1d10t"),
    "stretched": ("you idiooooooot, idiot", "idiot"),
    "HTML": ("<p>you <b>idiot</b></p>", "idiot"),
}


@pytest.mark.parametrize("name", DISGUISED)
def test_a_disguised_word_is_named_as_it_was_typed(analyzer: Analyzer, name: str) -> None:
    text, typed = DISGUISED[name]
    assert typed in [span.text for span in spans(analyzer, text, "toxicity")]


def test_in_a_text_of_several_windows_the_words_are_found_where_they_stand(analyzer: Analyzer) -> None:
    calm, harsh = "you are the day " * 20, "idiot " * 12
    found = spans(analyzer, calm + harsh + calm, "toxicity")
    assert {span.text for span in found} == {"idiot"}
    assert all(len(calm) <= span.start < len(calm + harsh) for span in found)


def test_a_window_of_many_words_is_searched_down_to_single_words(packed) -> None:
    analyzer = Analyzer(packed(lambda spec: spec["models"]["encoder"]["tokenizer"].update(max_tokens=512)))
    calm = "the " * 30
    text = calm + "idiot " * 40 + calm
    found = spans(analyzer, text, "toxicity")
    assert {span.text for span in found} == {"idiot"}
    assert len({span.start for span in found}) == 5


def test_the_work_for_a_long_text_is_bounded(packed, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support import scripted_backend

    script = scripted_backend.use(monkeypatch)
    analyzer = Analyzer(packed(scripted_backend.scripted))
    analyzer.analyze("good " * 100_000, explain=True)
    assert sum(rows for rows, _ in script.shapes) < 64 + 4 * 2 * 65


def test_only_a_few_words_are_named_for_each_task(analyzer: Analyzer) -> None:
    found = analyzer.analyze("good great love happy legend gut good great love happy", explain=True).spans
    for task in ("sentiment", "emotion"):
        weights = [span.weight for span in found if span.task == task]
        assert 0 < len(weights) <= 5
        assert weights == sorted(weights, reverse=True)


def test_words_beyond_what_was_read_are_never_named(speaking: Path) -> None:
    analyzer = Analyzer(speaking, max_chars=20)
    text = "you are good, " + "idiot " * 20
    for span in analyzer.analyze(text, explain=True).spans:
        assert span.end <= 20 and text[span.start : span.end] == span.text


PIECE = st.sampled_from(
    ["idiot", "good", "b\u200bad", "&amp;", "<b>", "ｗｏｗ", "d a m n", "e\u0301", "\u202e"]
)


@settings(max_examples=60)
@given(pieces=st.lists(st.one_of(PIECE, st.text(max_size=2)), max_size=25))
def test_spans_point_into_the_original(analyzer: Analyzer, pieces: list[str]) -> None:
    text = " ".join(pieces)
    for span in analyzer.analyze(text, explain=True).spans:
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == span.text
        assert 0 < span.weight <= 1
