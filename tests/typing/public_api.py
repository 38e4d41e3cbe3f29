"""Typical calls of an app, checked by mypy and pyright in strict mode; see test_typing.py. Never run.

A line that must be refused carries an ignore; the checkers report an ignore that is not needed.
"""
# pyright: strict

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, assert_type

from edgewise import Analysis, Analyzer, EdgewiseError, InputError, Prediction, Span


def one_text(text: str) -> str:
    result = Analyzer().analyze(text)
    assert_type(result, Analysis)
    assert_type(result.language, Prediction)
    assert_type(result.sentiment, Prediction | None)
    assert_type(result.toxicity, Prediction | None)
    assert_type(result.emotion, Prediction | None)
    assert_type(result.to_dict(), dict[str, Any])
    assert_type((result.model, result.backend, result.text_hash), tuple[str, str, str])
    assert_type((result.latency_ms, result.truncated, result.unsure), tuple[float, bool, bool])
    return str(result)


def one_prediction(prediction: Prediction) -> str:
    assert_type(prediction.scores, Mapping[str, float])
    assert_type((prediction.score, prediction.threshold), tuple[float, float])
    assert_type(prediction.labels, tuple[str, ...])
    return "unsure" if prediction.unsure else prediction.label


def hide_toxic_words(analyzer: Analyzer, text: str) -> str:
    result = analyzer.analyze(text, tasks=["toxicity"], explain=True, thresholds={"toxicity": 0.8})
    assert_type(result.spans, tuple[Span, ...])
    for span in result.spans:
        if span.label == "toxicity" and span.weight > 0.1:
            text = text[: span.start] + "*" * len(span.text) + text[span.end :]
    return text


def one_of_ours(folder: Path) -> str:
    with Analyzer(folder, languages=["en", "de"], backend="onnxruntime", threads=2) as analyzer:
        analyzer.warm_up()
        return analyzer.backend_report().chosen


def many_texts(analyzer: Analyzer, texts: list[str]) -> list[str]:
    def show(done: int, total: int | None) -> None:
        print(f"{done} of {total or '?'}")

    results = analyzer.analyze_batch(texts, batch_size=16, progress=show)
    assert_type(results, list[Analysis])
    return [result.text_hash for result in results]


def a_column_with_gaps(analyzer: Analyzer, texts: Iterable[str]) -> Iterator[str]:
    results = analyzer.analyze_batch(texts, on_error="return")
    assert_type(results, list[Analysis | InputError])
    for result in results:
        yield f"bad row: {result}" if isinstance(result, InputError) else result.language.label


def a_stream_of_texts(analyzer: Analyzer, texts: Iterator[str]) -> Iterator[str]:
    for result in analyzer.stream(texts, look_ahead=1):
        assert_type(result, Analysis)
        yield result.language.label


async def in_an_event_loop(analyzer: Analyzer, text: str) -> bool:
    result = await analyzer.aanalyze(text)
    assert_type(result, Analysis)
    return result.toxicity is not None and result.toxicity.label == "toxic"


def errors_are_ours(analyzer: Analyzer, text: str) -> str | None:
    try:
        return analyzer.analyze(text).language.label
    except InputError as error:
        return str(error)
    except EdgewiseError:
        return None


def refused(analyzer: Analyzer, result: Analysis) -> None:
    analyzer.analyze(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    analyzer.analyze(["a"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    analyzer.analyze_batch(texts=[1])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    analyzer.analyze_batch([], on_error="skip")  # type: ignore[call-overload]  # pyright: ignore
    _ = result.sentiment.label  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    result.model = "other"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
