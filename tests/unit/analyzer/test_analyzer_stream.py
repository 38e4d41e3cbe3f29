"""A stream of texts: lazy, with a bounded look-ahead."""

from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest

from edgewise import Analysis, Analyzer, AnalyzerClosedError, InputTypeError


class Source:
    """An endless source that counts what was taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        for number in count():
            self.taken += 1
            yield "good" if number % 2 else "idiot"


def label(found: Analysis) -> str:
    assert found.sentiment is not None
    return found.sentiment.label


def test_an_endless_stream_is_answered_in_order(analyzer: Analyzer) -> None:
    found = [label(item) for item in islice(analyzer.stream(Source()), 50)]
    assert found == ["negative", "positive"] * 25


def test_nothing_is_taken_before_the_first_answer_is_asked_for(analyzer: Analyzer) -> None:
    source = Source()
    analyzer.stream(source)
    assert source.taken == 0


@pytest.mark.parametrize("look_ahead", [1, 2, 16])
def test_no_more_is_taken_than_the_look_ahead_allows(analyzer: Analyzer, look_ahead: int) -> None:
    source = Source()
    answers = analyzer.stream(source, look_ahead=look_ahead)
    for given in range(1, 40):
        next(answers)
        assert given <= source.taken < given + look_ahead


def test_a_look_ahead_of_one_answers_before_it_reads_on(analyzer: Analyzer) -> None:
    source = Source()
    answers = analyzer.stream(source, look_ahead=1)
    next(answers)
    assert source.taken == 1


def test_the_texts_before_a_bad_one_are_answered_first(analyzer: Analyzer) -> None:
    values: list[Any] = ["good", "bad", None, "great"]
    answers = analyzer.stream(values)
    assert [label(next(answers)), label(next(answers))] == ["positive", "negative"]
    with pytest.raises(InputTypeError, match="position 2"):
        next(answers)


def test_the_texts_before_a_failure_of_the_source_are_answered_first(analyzer: Analyzer) -> None:
    def broken() -> Iterator[str]:
        yield "good"
        raise OSError("the line is cut")

    answers = analyzer.stream(broken())
    assert label(next(answers)) == "positive"
    with pytest.raises(OSError, match="cut"):
        next(answers)


def test_errors_are_returned_in_place_when_asked(analyzer: Analyzer) -> None:
    values: list[Any] = ["good", None, "bad"]
    found = list(analyzer.stream(values, on_error="return"))
    assert [type(item) for item in found] == [Analysis, InputTypeError, Analysis]


def test_arguments_are_checked_at_once(analyzer: Analyzer) -> None:
    with pytest.raises(ValueError, match="look_ahead"):
        analyzer.stream([], look_ahead=0)
    with pytest.raises(ValueError, match="on_error"):
        analyzer.stream([], on_error="ignore")  # type: ignore[call-overload]
    with pytest.raises(InputTypeError):
        analyzer.stream("good")


def test_a_stream_ends_when_the_analyzer_is_closed(speaking: Path) -> None:
    analyzer = Analyzer(speaking)
    answers = analyzer.stream(Source(), look_ahead=1)
    next(answers)
    analyzer.close()
    with pytest.raises(AnalyzerClosedError):
        next(answers)
