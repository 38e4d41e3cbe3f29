"""Free memory goes back to the system, where the C library can do that."""

import ctypes
import platform
from pathlib import Path

import pytest

from edgewise_runtimes import heap

_PIECES, _SIZE = 20_000, 2000


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Look for the C library's function anew."""
    heap._trim.cache_clear()


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_what_lies_free_between_pieces_in_use_is_given_back() -> None:
    pieces = [bytes(_SIZE) for _ in range(_PIECES)]
    kept = pieces[::50]  # so that no end of the heap is free
    del pieces
    before = resident()
    heap.release_free_memory()
    assert before - resident() > _PIECES * _SIZE // 2
    assert kept == [bytes(_SIZE)] * len(kept)


@pytest.mark.parametrize("problem", [OSError, TypeError, AttributeError])
def test_other_c_libraries_are_left_alone(monkeypatch: pytest.MonkeyPatch, problem: type[Exception]) -> None:
    def refuse(name: None) -> None:
        raise problem

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    heap.release_free_memory()
    assert heap._trim() is None
