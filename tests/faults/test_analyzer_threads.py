"""One analyzer under many threads, forks and closes: the same answers as alone, and no deadlock."""

import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from tests.support.tiny_language import TinyLanguage, make_speaking_bundle

from edgewise import Analysis, Analyzer, AnalyzerClosedError

TEXTS = [
    *("you are great", "idiot", "das ist gut", "", "😍", "hate " * 50, "le jour est bon", "i\u200bdiot you"),
    *(f"good {'day ' * number} bad" for number in range(24)),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgewise.language.LanguageModel", TinyLanguage, raising=False)
        yield make_speaking_bundle(tmp_path_factory.mktemp("bundles") / "speaking")


def facts(found: Analysis) -> dict[str, Any]:
    """Everything but the time."""
    return {**found.to_dict(), "latency_ms": 0.0}


def close_to(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether two results are the same up to what float32 promises."""
    return found.keys() == wanted.keys() and all(
        close_to(found[key], value)
        if isinstance(value, dict)
        else found[key] == (pytest.approx(value, abs=1e-5) if isinstance(value, float) else value)
        for key, value in wanted.items()
    )


def test_sixteen_threads_get_what_one_gets(folder: Path) -> None:
    with Analyzer(folder) as alone:
        wanted = [facts(alone.analyze(text)) for text in TEXTS]
    analyzer, barrier = Analyzer(folder), threading.Barrier(16)

    def one_by_one(start: int) -> None:
        barrier.wait(60)
        for turn in range(3 * len(TEXTS)):
            place = (start + turn) % len(TEXTS)
            assert facts(analyzer.analyze(TEXTS[place])) == wanted[place]

    def in_a_batch(start: int) -> None:
        barrier.wait(60)
        for _ in range(3):
            order = TEXTS[start:] + TEXTS[:start]
            for found, right in zip(
                analyzer.analyze_batch(order), wanted[start:] + wanted[:start], strict=True
            ):
                assert close_to(facts(found), right)

    with ThreadPoolExecutor(16) as pool:
        work = [pool.submit(one_by_one if start % 2 else in_a_batch, start) for start in range(16)]
        for item in work:
            item.result(120)


def use_until_closed(analyzer: Analyzer, barrier: threading.Barrier, outcomes: list[object]) -> None:
    barrier.wait(60)
    try:
        while True:
            outcomes.append(facts(analyzer.analyze_batch(["good day"] * 20 + ["idiot"])[-1]))
    except AnalyzerClosedError:
        outcomes.append("closed")
    except BaseException as error:
        outcomes.append(error)


def test_close_while_threads_are_at_work_lets_calls_finish(folder: Path) -> None:
    """Each call either answers rightly or says that the analyzer is closed: nothing in between."""
    for _ in range(5):
        analyzer, barrier, outcomes = Analyzer(folder), threading.Barrier(5), list[object]()
        right = facts(analyzer.analyze("idiot"))
        work = (analyzer, barrier, outcomes)
        threads = [threading.Thread(target=use_until_closed, args=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        barrier.wait(60)
        analyzer.close()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        assert outcomes.count("closed") == 4
        assert all(close_to(item, right) for item in outcomes if isinstance(item, dict))
        assert not [item for item in outcomes if isinstance(item, BaseException)]


def child(analyzer: Analyzer, answers: Connection) -> None:
    """What a forked child does with its parent's analyzer."""
    try:
        answers.send([facts(analyzer.analyze(text)) for text in TEXTS])
        with ThreadPoolExecutor(4) as pool:
            answers.send([facts(found) for found in pool.map(analyzer.analyze, TEXTS)])
        analyzer.close()
        answers.send("closed")
    except BaseException as error:
        answers.send(repr(error))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_answers_while_the_parent_s_threads_go_on(folder: Path) -> None:
    context = multiprocessing.get_context("fork")
    analyzer, stop = Analyzer(folder, threads=2), threading.Event()
    wanted = [facts(analyzer.analyze(text)) for text in TEXTS]

    def keep_busy() -> None:
        while not stop.is_set():
            analyzer.analyze("you damn idiot")

    busy = [threading.Thread(target=keep_busy) for _ in range(2)]
    for thread in busy:
        thread.start()
    try:
        for _ in range(5):
            mine, theirs = context.Pipe(duplex=False)
            process = context.Process(target=child, args=(analyzer, theirs))
            process.start()
            theirs.close()
            for _ in range(2):
                assert mine.poll(120), "the child hangs"
                found = mine.recv()
                assert isinstance(found, list), found
                assert all(close_to(item, right) for item, right in zip(found, wanted, strict=True))
            assert mine.poll(120) and mine.recv() == "closed"
            process.join(120)
            assert process.exitcode == 0
    finally:
        stop.set()
        for thread in busy:
            thread.join(60)
    assert [facts(analyzer.analyze(text)) for text in TEXTS] == wanted, "a child's close is its own"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_of_a_process_that_never_used_its_analyzer(folder: Path) -> None:
    context = multiprocessing.get_context("fork")
    analyzer = Analyzer(folder)
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=child, args=(analyzer, theirs))
    process.start()
    assert mine.poll(120)
    found = mine.recv()
    process.join(120)
    assert isinstance(found, list), found
    right = facts(analyzer.analyze(TEXTS[0]))
    assert close_to(found[0], right)


def test_close_is_final_and_may_be_repeated(folder: Path) -> None:
    analyzer = Analyzer(folder)
    analyzer.analyze("good")
    analyzer.close()
    analyzer.close()
    for call in (
        lambda: analyzer.analyze("good"),
        lambda: analyzer.analyze_batch(["good"]),
        lambda: analyzer.analyze_batch([]),
        lambda: analyzer.stream(["good"]),
        analyzer.warm_up,
        analyzer.backend_report,
        analyzer.__enter__,
    ):
        with pytest.raises(AnalyzerClosedError):
            call()


def test_a_block_closes_what_it_opened_even_when_it_fails(folder: Path) -> None:
    with pytest.raises(KeyError), Analyzer(folder) as analyzer:
        raise KeyError
    with pytest.raises(AnalyzerClosedError):
        analyzer.analyze("good")
