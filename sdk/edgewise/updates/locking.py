"""Locks that the system lets go of when their holder ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import finalize

from edgewise.updates.errors import StoreBusyError
from edgewise.updates.files import writing

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_PAUSE = 0.05


@contextmanager
def exclusive(path: Path, wait: float) -> Iterator[None]:
    """Hold a lock file; one holder at a time.

    Args:
        path: The lock file; it is made if it is not there, and never removed.
        wait: Seconds to wait for another holder.

    Raises:
        StoreBusyError: Another process still holds it.
        StoreWriteError: It cannot be made.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
    try:
        end = time.monotonic() + wait
        while not try_lock(handle):
            if time.monotonic() >= end:
                raise StoreBusyError(path.parent)
            time.sleep(_PAUSE)
        yield
    finally:
        os.close(handle)


class Lease:
    """Says that a model is in use, until `release` or the end of the process: such a folder is not pruned.

    Readers share it. A store that may only be read needs none: there nobody prunes.

    Args:
        path: A file in the model's folder.

    Attributes:
        late: Whether the folder is being removed just now.
    """

    def __init__(self, path: Path) -> None:
        self._free: finalize[[int], Lease] | None = None
        self.late = False
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
            self._free = finalize(self, os.close, handle)
            # On Windows an open file is enough: its folder can then be neither moved nor removed.
            if sys.platform != "win32":
                try:
                    fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    self.late = True

    def release(self) -> None:
        """Let it go. May be called again."""
        if self._free is not None:
            self._free()


@contextmanager
def pruning(path: Path) -> Iterator[bool]:
    """Hold a version's file so that nobody takes a lease on it; tells whether nobody has one.

    Args:
        path: The file that leases are taken on.
    """
    if sys.platform == "win32":
        yield True  # a folder with an open file cannot be moved there
        return
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        yield True
        return
    try:
        yield try_lock(handle)
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool:
    """Take the lock of an open file if nobody has it; it is let go of when the file is closed."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
