"""A value that each process makes for itself, that threads share, and that can be closed while in use."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from edgewise.errors import AnalyzerClosedError

T = TypeVar("T")

_process = object()
"""Stands for this process; a forked child has another. Asking the system for a number takes microseconds."""


def _begin_process() -> None:
    global _process
    _process = object()


if hasattr(os, "register_at_fork"):  # there is none where nothing forks
    os.register_at_fork(after_in_child=_begin_process)


class _Slot(Generic[T]):
    """One process's value; each `with` over it holds it.

    Who comes first says so and then asks whether it is closed; who closes first says so and then asks whether
    anybody is there. So one of the two sees the other, without a lock: lists are safe to use from threads.
    """

    __slots__ = ("_lock", "_owner", "_users", "_value")

    def __init__(self, owner: PerProcess[T]) -> None:
        self._owner = owner
        self._lock = Lock()
        self._value: T | None = None
        self._users: list[None] = []

    def __enter__(self) -> T:
        self._users.append(None)
        value = self._value
        if value is not None and not self._owner.closed:
            return value
        try:
            return self._make()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self._users.pop()
        if self._owner.closed:
            self.close()

    def _make(self) -> T:
        with self._lock:
            if self._owner.closed:
                raise AnalyzerClosedError
            if self._value is None:
                self._value = self._owner.make()
            return self._value

    def close(self) -> None:
        """Free the value unless somebody holds it: the last one will call this again."""
        with self._lock:
            if not self._users and self._value is not None:
                value, self._value = self._value, None
                self._owner.free(value)


class PerProcess(Generic[T]):
    """Makes a value on first use, once a process, and frees it after `close` when its last user is done.

    A forked child has none of the threads that its parent's value may hold, and finds locks as they were at
    the fork. So it never touches that value and makes one of its own. The parent's is kept: freeing it
    may wait for threads that are not there.

    Args:
        make: Makes the value; called under a lock. If it fails, the next use tries again.
        free: Frees the value.

    Attributes:
        make: See above.
        free: See above.
        closed: Whether `close` was called.
    """

    def __init__(self, make: Callable[[], T], free: Callable[[T], None]) -> None:
        self.make = make
        self.free = free
        self.closed = False
        self._slots: dict[object, _Slot[T]] = {}

    def use(self) -> _Slot[T]:
        """Hold the value in a `with`; it is not freed meanwhile.

        Raises:
            AnalyzerClosedError: `close` was called.
        """
        slot = self._slots.get(_process)
        # Threads that come here at once agree on one slot: setdefault is atomic.
        return slot if slot is not None else self._slots.setdefault(_process, _Slot(self))

    def close(self) -> None:
        """Allow no further use. May be called again."""
        self.closed = True
        self.use().close()
