"""Keeping a native library's chatter off the console where it has no switch for that."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

_STDERR = 2
_lock = Lock()


@contextmanager
def without_lines(*starts: bytes) -> Iterator[None]:
    """Drop lines that begin like this from what is written to file descriptor 2 meanwhile.

    All else that the process writes there is put back in order at the end, so nothing is lost, only some
    milliseconds late. Where there is no such descriptor, or no place to keep it, nothing is changed.

    Args:
        starts: How the lines begin.
    """
    import tempfile  # slow to import, and needed once at most

    with _lock:
        try:
            kept = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, after the descriptor is put back
            real = os.dup(_STDERR)
        except OSError:
            yield
            return
        try:
            os.dup2(kept.fileno(), _STDERR)
            yield
        finally:
            os.dup2(real, _STDERR)
            kept.seek(0)
            rest = b"".join(line for line in kept if not line.startswith(starts))
            with suppress(OSError):
                os.write(_STDERR, rest)
            os.close(real)
            kept.close()
