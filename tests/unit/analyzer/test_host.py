"""What a host does beside answering: it gives free memory back now and then."""

from pathlib import Path

import pytest

from edgewise import Analyzer
from edgewise.engine import host
from edgewise_runtimes import heap


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """What is noted at each release of free memory."""
    found: list[None] = []
    monkeypatch.setattr(heap, "release_free_memory", lambda: found.append(None))
    return found


def test_memory_is_given_back_after_loading(speaking: Path, releases: list[None]) -> None:
    with Analyzer(speaking) as analyzer:
        analyzer.warm_up()
        assert len(releases) == 1
        analyzer.analyze("good")
        assert len(releases) == 1


def test_without_a_warm_up_the_second_text_gives_back_what_loading_left(
    speaking: Path, releases: list[None]
) -> None:
    with Analyzer(speaking) as analyzer:
        found = []
        for _ in range(3):
            analyzer.analyze("good")
            found.append(len(releases))
        assert found == [0, 1, 1]


def test_memory_is_given_back_after_many_texts(speaking: Path, releases: list[None]) -> None:
    with Analyzer(speaking) as analyzer:
        analyzer.warm_up()
        analyzer.analyze_batch(["good"] * (host._TIDY_EVERY - 1))
        assert len(releases) == 1
        analyzer.analyze("good")
        assert len(releases) == 2
