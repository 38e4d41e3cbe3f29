"""Updates in the background: opted in, when the device can spare it, and no error ends the thread."""

import threading
from pathlib import Path

import pytest

from edgewise.updates import BackgroundUpdates, Pulled
from edgewise.updates.errors import SourceAwayError

NEW = Pulled("tiny", "1.1.0", Path("here"), changed=True)
SAME = Pulled("tiny", "1.1.0", Path("here"), changed=False)


def test_nothing_is_asked_before_the_interval_is_over_nor_after_stop() -> None:
    asked: list[int] = []
    with BackgroundUpdates(lambda: asked.append(1) or SAME) as updates:
        assert asked == []
        assert updates.start() is updates
    updates.stop()
    assert asked == []


def test_it_pulls_again_and_again() -> None:
    twice, asked = threading.Event(), []

    def pull() -> Pulled:
        asked.append(1)
        if len(asked) == 1:
            raise SourceAwayError("somewhere", "the network is away")
        twice.set()
        return NEW

    seen: list[object] = []
    updates = BackgroundUpdates(pull, interval=0.01, on_update=seen.append, on_error=seen.append)
    with updates:
        assert twice.wait(30)
    assert isinstance(seen[0], SourceAwayError)
    assert NEW in seen or updates.once() is NEW


@pytest.mark.parametrize("reason", ["metered", "low_battery"])
def test_a_device_that_cannot_spare_it_is_left_alone(reason: str) -> None:
    asked: list[int] = []
    held = BackgroundUpdates(lambda: asked.append(1) or NEW, **{reason: lambda: True})  # type: ignore[arg-type]
    assert held.once() is None
    assert asked == []


def test_only_another_version_is_told() -> None:
    told: list[Pulled] = []
    assert BackgroundUpdates(lambda: SAME, on_update=told.append).once() is SAME
    assert told == []
    assert BackgroundUpdates(lambda: NEW, on_update=told.append).once() is NEW
    assert told == [NEW]


def test_pauses_differ_within_the_jitter() -> None:
    pauses = {BackgroundUpdates(lambda: SAME, interval=100, jitter=0.2).pause() for _ in range(200)}
    assert len(pauses) > 100
    assert all(80 <= pause <= 120 for pause in pauses)


@pytest.mark.parametrize(
    ("interval", "jitter"), [(0, 0.1), (-1, 0.1), (float("nan"), 0.1), (1, 1.0), (1, -0.1)]
)
def test_settings_that_make_no_sense_are_refused(interval: float, jitter: float) -> None:
    with pytest.raises(ValueError, match="give seconds above 0"):
        BackgroundUpdates(lambda: SAME, interval=interval, jitter=jitter)


def test_a_pull_under_way_at_stop_is_finished_unheard() -> None:
    told: list[object] = []
    done = threading.Event()

    def pull() -> Pulled:
        updates.stop()
        done.set()
        return NEW

    updates = BackgroundUpdates(pull, interval=0.01, on_update=told.append, on_error=told.append)
    updates.start()
    assert done.wait(30)
    for thread in threading.enumerate():
        if thread.name == "edgewise-updates":
            thread.join(30)
    assert told == []
