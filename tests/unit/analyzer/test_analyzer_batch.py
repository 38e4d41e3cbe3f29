"""Many texts at once: the same answers as one by one, in order, from any iterable."""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise import Analysis, Analyzer

TEXTS = [
    "you are great",
    "",
    "idiot",
    "das ist gut",
    "good " * 100,
    "😍",
    "hate hate hate",
    "wow",
    "you damn idiot i will kill you",
    "le jour est bon",
]
SOME_TEXT = st.lists(st.sampled_from(["good", "idiot", "gut", "bon", "xyz", "wow", "!"]), max_size=40).map(
    " ".join
)


def facts(found: Analysis) -> dict[str, Any]:
    """Everything but the time, with scores rounded to what float32 promises."""

    def rounded(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: rounded(item) for key, item in value.items()}
        return round(value, 5) if isinstance(value, float) else value

    return rounded({**found.to_dict(), "latency_ms": 0.0})


def test_a_batch_gives_what_each_text_gives_alone_in_order(analyzer: Analyzer) -> None:
    found = analyzer.analyze_batch(TEXTS)
    assert [facts(item) for item in found] == [facts(analyzer.analyze(text)) for text in TEXTS]


@settings(max_examples=40)
@given(texts=st.lists(SOME_TEXT, max_size=12), size=st.integers(1, 5))
def test_no_neighbour_and_no_batch_size_changes_an_answer(
    analyzer: Analyzer, texts: list[str], size: int
) -> None:
    found = analyzer.analyze_batch(texts, batch_size=size)
    assert [facts(item) for item in found] == [facts(analyzer.analyze(text)) for text in texts]


def test_any_iterable_will_do(analyzer: Analyzer) -> None:
    wanted = [facts(item) for item in analyzer.analyze_batch(TEXTS)]
    column = pd.Series(TEXTS, index=range(100, 100 + len(TEXTS)))
    for texts in (tuple(TEXTS), iter(TEXTS), (text for text in TEXTS), column, dict.fromkeys(TEXTS).keys()):
        assert [facts(item) for item in analyzer.analyze_batch(texts)] == wanted


def test_nothing_gives_nothing(analyzer: Analyzer) -> None:
    assert analyzer.analyze_batch([]) == []
    assert analyzer.analyze_batch(iter(())) == []


def test_progress_counts_up_to_the_total(analyzer: Analyzer) -> None:
    calls: list[tuple[int, int | None]] = []
    texts = ["good"] * 2500
    analyzer.analyze_batch(texts, progress=lambda done, total: calls.append((done, total)))
    assert len(calls) > 1
    assert [done for done, _ in calls] == sorted({done for done, _ in calls})
    assert calls[-1] == (2500, 2500)
    assert {total for _, total in calls} == {2500}


def test_progress_of_a_generator_has_no_total(analyzer: Analyzer) -> None:
    calls: list[tuple[int, int | None]] = []
    texts = (text for text in TEXTS)
    analyzer.analyze_batch(texts, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (len(TEXTS), None)


def test_values_that_are_no_text_count_as_done(analyzer: Analyzer) -> None:
    calls: list[tuple[int, int | None]] = []
    values: Sequence[Any] = ["good", None, 3]
    analyzer.analyze_batch(values, progress=lambda *call: calls.append(call), on_error="return")
    assert calls[-1] == (3, 3)


def test_what_progress_raises_comes_through_and_the_analyzer_goes_on(analyzer: Analyzer) -> None:
    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyzer.analyze_batch(["good"], progress=stop)
    assert analyzer.analyze("good").to_dict()["sentiment"]["label"] == "positive"


def test_what_the_iterable_raises_comes_through(analyzer: Analyzer) -> None:
    def broken() -> Iterator[str]:
        yield "good"
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk"):
        analyzer.analyze_batch(broken())


def test_tasks_and_thresholds_hold_for_every_text(analyzer: Analyzer) -> None:
    found = analyzer.analyze_batch(["idiot"] * 3, tasks=["toxicity"], thresholds={"toxicity": 1.0})
    assert {item.toxicity.label for item in found if item.toxicity} == {"non-toxic"}
    assert {item.sentiment for item in found} == {None}


def test_a_text_s_share_of_the_time_is_its_own(analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock ticks whenever it is looked at: one second for reading, for running, for each answer."""
    seconds = count()
    monkeypatch.setattr("edgewise.engine.engine.perf_counter", lambda: float(next(seconds)))
    short, long = analyzer.analyze_batch(["good", "good good good"])
    assert short.latency_ms == pytest.approx(500 + 250 + 1000)
    assert long.latency_ms == pytest.approx(500 + 750 + 1000)


def test_a_batch_of_bad_values_needs_no_model(speaking: Path) -> None:
    values: list[Any] = [None, 3]
    found = Analyzer(speaking, backend="no-such-backend").analyze_batch(values, on_error="return")
    assert [type(item).__name__ for item in found] == ["InputTypeError", "InputTypeError"]
