"""New versions are on trial until one process has answered with them; those that crash are left again.

Each process that loads a version on trial makes a file of its own and locks it. The system lets go of the
lock when the process ends, so a file that nobody holds is a process that died while it loaded.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from uuid import uuid4

from edgewise.updates.files import is_folder, is_plain
from edgewise.updates.locking import try_lock

CRASHES = 2
"""How many processes may die while they load a new version before it is left."""

_PROVEN = "proven"


class Trial:
    """The trial of one version. In a store that may not be written to nothing is noted, and nothing fails.

    Args:
        folder: The version's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._home = folder.with_name(f"{folder.name}.trial")
        self._mine: tuple[int, Path] | None = None

    @property
    def pending(self) -> bool:
        """Whether no process has answered with this version yet."""
        return is_folder(self._home) and not is_plain(self._home / _PROVEN)

    def open(self) -> None:
        """Put the version on trial."""
        with contextlib.suppress(OSError):
            (self._home / _PROVEN).unlink(missing_ok=True)
            self._home.mkdir(exist_ok=True)

    def begin(self) -> None:
        """Note that this process loads the version."""
        if self._mine is not None:
            return
        path = self._home / f"{os.getpid()}-{uuid4().hex}"
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
            try_lock(handle)
            self._mine = handle, path

    def end(self, *, proven: bool) -> None:
        """Note that this process is done with loading.

        Args:
            proven: Whether it answered: the trial is over.
        """
        with contextlib.suppress(OSError):
            if proven:
                (self._home / _PROVEN).touch()
        if self._mine is not None:
            (handle, path), self._mine = self._mine, None
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            os.close(handle)
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)  # Windows: only once it is closed

    def crashes(self) -> int:
        """Count the processes that died while they loaded the version."""
        if not self.pending:
            return 0
        return sum(_is_left(path) for path in self._home.iterdir() if path.name != _PROVEN)


def _is_left(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return try_lock(handle)
    finally:
        os.close(handle)
