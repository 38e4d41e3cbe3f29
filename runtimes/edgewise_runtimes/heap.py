"""Memory that is free, given back to the system."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache


def release_free_memory() -> None:
    """Give the heap's free pages back to the system; what is in use stays as it is.

    Loading a model and running a large batch free as much as they keep. The C library of most Linux systems
    holds on to it, and the process looks tens of megabytes larger than it is. Takes about 10 µs when there is
    nothing to give back, and less than a millisecond for 10 MB. With other C libraries nothing happens.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """Return glibc's `malloc_trim`, None where there is no such function."""
    try:
        import ctypes

        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (ImportError, OSError, TypeError, AttributeError):
        return None
    return found
