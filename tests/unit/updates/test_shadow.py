"""Shadow mode: counts of disagreement, never a text, never a trace in the champion's answers."""

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgewise.results import Analysis, Prediction
from edgewise.updates.channels_errors import ShadowError
from edgewise.updates.shadow import Shadow
from edgewise.updates.shadow_log import ShadowCounts, ShadowLog


def prediction(label: str) -> Prediction:
    return Prediction(label, 0.9, {label: 0.9}, 0.5, unsure=False)


def analysis(sentiment: str, model: str = "base@1.0.0", emotion: str | None = None) -> Analysis:
    return Analysis(
        text_hash="0" * 16,
        language=prediction("en"),
        sentiment=prediction(sentiment),
        toxicity=None,
        emotion=prediction(emotion) if emotion else None,
        model=model,
        backend="none",
        latency_ms=0.0,
        truncated=False,
        spans=(),
        unsure=False,
    )


class Challenger:
    """Says that everything is positive; fails, or waits, when told to."""

    def __init__(self) -> None:
        self.read: list[tuple[str, tuple[str, ...] | None]] = []
        self.broken = False
        self.gate = threading.Event()
        self.gate.set()

    def analyze(self, text: str, *, tasks: tuple[str, ...] | None = None) -> Analysis:
        self.gate.wait(20)
        self.read.append((text, tasks))
        if self.broken:
            raise RuntimeError("a bug")
        return analysis("positive", "base@1.1.0")


@pytest.fixture
def challenger() -> Challenger:
    return Challenger()


@pytest.fixture
def log(tmp_path: Path) -> ShadowLog:
    return ShadowLog(tmp_path / "store" / "shadow.sqlite")


@pytest.fixture
def shadow(challenger: Challenger, log: ShadowLog) -> Iterator[Shadow]:
    with Shadow(challenger, log, share=1.0, waiting=3) as made:
        yield made
        challenger.gate.set()


def test_disagreement_is_counted_by_task_labels_and_language(
    shadow: Shadow, challenger: Challenger, log: ShadowLog, tmp_path: Path
) -> None:
    for said in ("negative", "positive", "negative"):
        assert shadow.offer(f"secret {said}", analysis(said))
        assert shadow.flush()
    shadow.close()
    counts = log.read()
    pair = ("base@1.0.0", "base@1.1.0")
    assert dict(counts.all) == {(*pair, "language", "en"): 3, (*pair, "sentiment", "en"): 3}
    assert dict(counts.differing) == {(*pair, "sentiment", "en", "negative", "positive"): 2}
    assert counts.agreement == pytest.approx(4 / 6)
    assert [tasks for _, tasks in challenger.read] == [("language", "sentiment")] * 3
    stored = b"".join(each.read_bytes() for each in (tmp_path / "store").iterdir())
    assert b"secret" not in stored and ("0" * 16).encode() not in stored
    assert counts.to_dict()["disagreed"] == [
        {
            "champion": "base@1.0.0",
            "challenger": "base@1.1.0",
            "task": "sentiment",
            "language": "en",
            "champion_label": "negative",
            "challenger_label": "positive",
            "count": 2,
        }
    ]


def test_a_slow_challenger_delays_nobody_and_what_it_misses_is_counted(
    shadow: Shadow, challenger: Challenger, log: ShadowLog
) -> None:
    challenger.gate.clear()
    taken = [shadow.offer("text", analysis("positive")) for _ in range(20)]
    assert 3 <= sum(taken) <= 4  # three wait, one may be in its hands
    challenger.gate.set()
    assert shadow.flush()
    shadow.close()
    assert log.read().dropped == 20 - sum(taken)
    assert not shadow.offer("text", analysis("positive"))


def test_a_challenger_that_fails_is_counted_and_goes_on(
    shadow: Shadow, challenger: Challenger, log: ShadowLog
) -> None:
    challenger.broken = True
    shadow.offer("text", analysis("positive"))
    assert shadow.flush()
    challenger.broken = False
    shadow.offer("text", analysis("positive"))
    assert shadow.flush()
    shadow.close()
    counts = log.read()
    assert counts.failures.total() == 1
    assert counts.all.total() == 2


def test_a_challenger_that_lacks_a_task_disagrees_by_its_empty_label(shadow: Shadow, log: ShadowLog) -> None:
    shadow.offer("text", analysis("positive", emotion="joy"))
    assert shadow.flush()
    shadow.close()
    assert [key[-2:] for key in log.read().differing] == [("joy", "")]


def test_only_a_share_is_read(challenger: Challenger, log: ShadowLog) -> None:
    chances = iter([0.05, 0.5, 0.0999, 0.1])
    with Shadow(challenger, log, share=0.1, chance=lambda: next(chances)) as shadow:
        assert [shadow.offer("t", analysis("positive")) for _ in range(4)] == [True, False, True, False]
        assert shadow.flush()
    with Shadow(challenger, log, share=0.0) as never:
        assert not never.offer("t", analysis("positive"))


@pytest.mark.parametrize(
    "settings", [{"share": 1.1}, {"share": -0.1}, {"share": float("nan")}, {"waiting": 0}, {"every": -1.0}]
)
def test_settings_that_make_no_sense_are_named(
    settings: dict[str, float], challenger: Challenger, log: ShadowLog
) -> None:
    with pytest.raises(ShadowError, match=next(iter(settings))):
        Shadow(challenger, log, **settings)  # type: ignore[arg-type]


def test_counts_of_two_runs_add_up_and_draining_forgets_them(log: ShadowLog) -> None:
    counts = ShadowCounts()
    counts.compared(("a@1.0.0", "a@1.1.0"), "sentiment", "de", "negative", "positive")
    assert log.read().agreement is None
    assert log.add(counts) and log.add(counts)
    drained = log.drain()
    assert list(drained.differing.values()) == [2]
    assert log.read() == ShadowCounts()


def test_a_damaged_log_is_put_aside_and_counting_goes_on(log: ShadowLog, tmp_path: Path) -> None:
    file = tmp_path / "store" / "shadow.sqlite"
    file.parent.mkdir()
    file.write_bytes(b"not a database at all" * 100)
    with pytest.raises(ShadowError, match="whole file"):
        log.read()
    counts = ShadowCounts(dropped=2)
    assert log.add(counts)
    assert log.read().dropped == 2
    assert file.with_name("shadow.sqlite.damaged").exists()


def test_a_log_that_cannot_be_written_breaks_nothing(
    challenger: Challenger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    log = ShadowLog(tmp_path / "file" / "shadow.sqlite")
    with Shadow(challenger, log, share=1.0, every=0.0) as shadow:
        assert shadow.offer("t", analysis("negative"))
        assert shadow.flush()
        assert shadow.offer("t", analysis("negative"))
        assert shadow.flush()
    assert len(challenger.read) == 2


def test_two_writers_at_once_lose_nothing(log: ShadowLog) -> None:
    counts = ShadowCounts()
    counts.compared(("a@1.0.0", "b@1.0.0"), "sentiment", "en", "x", "y")
    done: list[bool] = []
    threads = [
        threading.Thread(target=lambda: done.extend(log.add(counts) for _ in range(10))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.read().all.total() == sum(done) > 0


def test_a_busy_log_is_written_later(log: ShadowLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgewise.updates.shadow_log._PATIENCE", 0.05)
    assert log.add(ShadowCounts(dropped=1))
    holder = sqlite3.connect(tmp_path / "store" / "shadow.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert not log.add(ShadowCounts(dropped=1))
    holder.execute("ROLLBACK")
    holder.close()
    assert log.add(ShadowCounts(dropped=1))
    assert log.read().dropped == 2


def test_a_result_carries_its_arm_only_when_there_is_one() -> None:
    plain = analysis("positive")
    assert "arm" not in plain.to_dict()
    assert replace(plain, arm="tone/challenger").to_dict()["arm"] == "tone/challenger"
