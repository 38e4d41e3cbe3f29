"""A lock on a folder that the system lets go of when its holder ends, however it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from edgewise.cli.errors import OutputBusyError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class Lock:
    """Held from its making until `release`."""

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Args:
            path: The lock file; it is made if it is not there.

        Raises:
            OutputBusyError: Another process holds it.
        """
        self._file: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _take(self._file)
        except OSError as error:
            self.release()
            raise OutputBusyError(path.parent) from error

    def release(self) -> None:
        """Let it go. May be called again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _take(file: int) -> None:
    if sys.platform == "win32":
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
