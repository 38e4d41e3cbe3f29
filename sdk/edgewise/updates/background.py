"""Updates in the background, for apps that opt in: now and then, and not while the device cannot spare it."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

from edgewise.errors import EdgewiseError
from edgewise.updates.pulling import Pulled

_LOG = logging.getLogger("edgewise.updates")

DAY = 86_400.0
"""Seconds of a day."""


def _never() -> bool:
    return False


class BackgroundUpdates:
    """Pulls again and again on a thread of its own, from `start` until `stop`.

    Nothing is asked before the first interval is over, and every interval has its own jitter, so that a fleet
    that started together does not come together.

    Args:
        pull: Does one pull: `lambda: updates.pull("base")`.
        interval: Seconds between two pulls, in the middle.
        jitter: By which share of the interval a pause may be shorter or longer.
        metered: Says whether the network costs money now; then a pull is left out.
        low_battery: Says whether the battery is low now; then likewise.
        on_update: Called with what was pulled when another version is in use: `lambda _: analyzer.reload()`.
        on_error: Called with what went wrong; without it a line goes to the log.

    Raises:
        ValueError: The interval or the jitter makes no sense.
    """

    def __init__(
        self,
        pull: Callable[[], Pulled],
        *,
        interval: float = DAY,
        jitter: float = 0.2,
        metered: Callable[[], bool] = _never,
        low_battery: Callable[[], bool] = _never,
        on_update: Callable[[Pulled], object] | None = None,
        on_error: Callable[[Exception], object] | None = None,
    ) -> None:
        if not interval > 0 or not 0 <= jitter < 1:
            raise ValueError(
                f"interval={interval}, jitter={jitter}: give seconds above 0, and a share below 1."
            )
        self._pull = pull
        self._interval = interval
        self._jitter = jitter
        self._may_not = (metered, low_battery)
        self._on_update = on_update
        self._on_error = on_error
        self._lock = Lock()
        self._stop: Event | None = None

    def start(self) -> Self:
        """Begin; does nothing when it has begun."""
        with self._lock:
            if self._stop is None:
                self._stop = Event()
                Thread(target=self._run, args=(self._stop,), name="edgewise-updates", daemon=True).start()
        return self

    def stop(self) -> None:
        """End; a pull under way is finished unheard. May be called again."""
        with self._lock:
            if self._stop is not None:
                self._stop.set()
                self._stop = None

    def once(self) -> Pulled | None:
        """Pull now, unless the device cannot spare it.

        Returns:
            What was pulled; None when nothing was asked or something went wrong.
        """
        return self._once(Event())

    def _once(self, stop: Event) -> Pulled | None:
        try:
            if any(reason() for reason in self._may_not):
                return None
            pulled = self._pull()
            if pulled.changed and self._on_update is not None and not stop.is_set():
                self._on_update(pulled)
            return pulled
        except Exception as error:  # a thread of the app's must not end because one day the network was away
            if not stop.is_set():
                self._tell(error)
            return None

    def pause(self) -> float:
        """Return the seconds until the next pull, drawn anew each time."""
        return self._interval * random.uniform(1 - self._jitter, 1 + self._jitter)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, stop: Event) -> None:
        while not stop.wait(self.pause()):
            self._once(stop)

    def _tell(self, error: Exception) -> None:
        if self._on_error is not None:
            self._on_error(error)
        elif isinstance(error, EdgewiseError):
            _LOG.warning("No update: %s", error)
        else:
            _LOG.exception("No update")
