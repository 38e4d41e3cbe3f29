"""Answers in an event loop, which goes on beating meanwhile."""

import asyncio
import threading
from pathlib import Path

import pytest
from tests.unit.analyzer.test_analyzer_batch import facts

from edgewise import Analyzer, AnalyzerClosedError, InputTypeError


def test_an_awaited_answer_is_the_same(analyzer: Analyzer) -> None:
    async def main() -> None:
        texts = ["good", "idiot", "", "das ist gut"] * 5
        found = await asyncio.gather(*(analyzer.aanalyze(text) for text in texts))
        assert [facts(item) for item in found] == [facts(analyzer.analyze(text)) for text in texts]

    asyncio.run(main())


def test_every_argument_is_handed_on(analyzer: Analyzer) -> None:
    async def main() -> None:
        found = await analyzer.aanalyze(
            "idiot", tasks=["toxicity"], explain=True, thresholds={"toxicity": 1.0}
        )
        assert found.sentiment is None
        assert found.toxicity is not None and found.toxicity.label == "non-toxic"
        assert found.spans

    asyncio.run(main())


def test_the_loop_goes_on_while_a_text_is_analysed(speaking: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work waits for a beat of the loop: were it done on the loop's thread, it would wait for ever."""
    analyzer = Analyzer(speaking)
    beat, threads = threading.Event(), []
    analyze = analyzer.analyze

    def waiting(text: str, **arguments: object) -> object:
        threads.append(threading.current_thread())
        assert beat.wait(30)
        return analyze(text)

    monkeypatch.setattr(analyzer, "analyze", waiting)

    async def main() -> None:
        answer = asyncio.ensure_future(analyzer.aanalyze("good"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not answer.done()
        beat.set()
        assert (await answer).text_hash

    asyncio.run(main())
    assert threads and threads[0] is not threading.main_thread()


def test_errors_come_through(analyzer: Analyzer) -> None:
    async def main() -> None:
        with pytest.raises(InputTypeError):
            await analyzer.aanalyze(None)  # type: ignore[arg-type]
        assert (await analyzer.aanalyze("good")).text_hash

    asyncio.run(main())


def test_a_cancelled_task_ends_at_once_and_harms_nobody(
    speaking: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyzer = Analyzer(speaking)
    release, begun, done = threading.Event(), threading.Event(), []
    analyze = analyzer.analyze

    def slow(text: str, **arguments: object) -> object:
        begun.set()
        assert release.wait(30)
        done.append(text)
        return analyze(text)

    monkeypatch.setattr(analyzer, "analyze", slow)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        answers = [asyncio.ensure_future(analyzer.aanalyze(f"text {number}")) for number in range(50)]
        await loop.run_in_executor(None, begun.wait, 30)
        for answer in answers:
            answer.cancel()
        found = await asyncio.gather(*answers, return_exceptions=True)
        assert all(isinstance(item, asyncio.CancelledError) for item in found)
        release.set()
        assert (await analyzer.aanalyze("good")).text_hash

    asyncio.run(main())
    assert len(done) < 20, "work that had not begun was not dropped"


def test_after_close_it_fails_like_the_rest(speaking: Path) -> None:
    analyzer = Analyzer(speaking)

    async def main() -> None:
        await analyzer.aanalyze("good")
        analyzer.close()
        with pytest.raises(AnalyzerClosedError):
            await analyzer.aanalyze("good")

    asyncio.run(main())


def test_one_analyzer_serves_loop_after_loop(analyzer: Analyzer) -> None:
    for _ in range(3):
        assert asyncio.run(analyzer.aanalyze("good")).text_hash


def test_its_threads_do_not_keep_the_process(speaking: Path) -> None:
    analyzer, others = Analyzer(speaking), set(threading.enumerate())
    asyncio.run(analyzer.aanalyze("good"))
    mine = set(threading.enumerate()) - others
    assert mine
    analyzer.close()
    for thread in mine:
        thread.join(30)
        assert not thread.is_alive()
