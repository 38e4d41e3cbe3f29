"""A value that each process makes for itself, that threads share, and that can be closed while in use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Generic, TypeVar

from edgewise.errors import AnalyzerClosedError

T = TypeVar("T")


class _Slot(Generic[T]):
    """One process's value."""

    __slots__ = ("lock", "users", "value")

    def __init__(self) -> None:
        self.lock = Lock()
        self.value: T | None = None
        self.users = 0


class PerProcess(Generic[T]):
    """Makes a value on first use, once a process, and frees it after `close` when its last user is done.

    A forked child has none of the threads that its parent's value may hold, and finds locks as they were at
    the fork. So it never touches that value and makes one of its own. The parent's is kept: freeing it
    may wait for threads that are not there.

    Args:
        make: Makes the value; called under a lock. If it fails, the next use tries again.
        free: Frees the value.
    """

    def __init__(self, make: Callable[[], T], free: Callable[[T], None]) -> None:
        self._make = make
        self._free = free
        self._slots: dict[int, _Slot[T]] = {}
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @contextmanager
    def use(self) -> Iterator[T]:
        """Hold the value; it is not freed meanwhile.

        Raises:
            AnalyzerClosedError: `close` was called.
        """
        slot = self._slot()
        with slot.lock:
            if self._closed:
                raise AnalyzerClosedError
            if slot.value is None:
                slot.value = self._make()
            value = slot.value
            slot.users += 1
        try:
            yield value
        finally:
            with slot.lock:
                slot.users -= 1
                self._free_unused(slot)

    def close(self) -> None:
        """Allow no further use. May be called again."""
        self._closed = True
        slot = self._slot()
        with slot.lock:
            self._free_unused(slot)

    def _slot(self) -> _Slot[T]:
        pid = os.getpid()
        slot = self._slots.get(pid)
        # Threads that come here at once agree on one slot: setdefault is atomic.
        return slot if slot is not None else self._slots.setdefault(pid, _Slot())

    def _free_unused(self, slot: _Slot[T]) -> None:
        if self._closed and not slot.users and slot.value is not None:
            value, slot.value = slot.value, None
            self._free(value)
