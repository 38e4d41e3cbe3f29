"""Shadow mode: a challenger reads what the champion reads, and only where they disagree is counted.

The champion's answer is given before the challenger begins, on a thread of its own. What the challenger
cannot keep up with is left out; what goes wrong with it is counted and goes no further.
`edgewise.updates.shadow_analyzer.ShadowAnalyzer` is an analyzer that does all of this by itself.
"""

from __future__ import annotations

import contextlib
import os
import queue
import random
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

from edgewise.results import Analysis
from edgewise.updates.channels_errors import ShadowError
from edgewise.updates.shadow_log import ShadowCounts, ShadowLog

_TASKS = ("language", "sentiment", "toxicity", "emotion")
_Item = tuple[str, Analysis, tuple[str, ...]]


class Challenger(Protocol):
    """What shadow mode asks of the challenger; an `Analyzer` is one."""

    def analyze(self, text: str, *, tasks: tuple[str, ...] | None = None) -> Analysis:
        """Answer for one text."""
        ...


class Shadow:
    """Runs a challenger beside a champion.

    Example::

        with Analyzer() as champion, Shadow(Analyzer("next"), ShadowLog(path), share=0.1) as shadow:
            answer = champion.analyze(text)
            shadow.offer(text, answer)

    Args:
        challenger: Answers for a share of the texts; whoever made it closes it.
        log: Takes the counts.
        share: The share of texts it reads, 0 to 1, chosen by chance.
        waiting: Texts that may wait for it, in memory only; what comes beyond is left out.
        every: Seconds between two writes to the log.
        chance: Returns numbers from 0 to 1; for tests.

    Attributes:
        log: As given.

    Raises:
        ShadowError: A setting makes no sense.
    """

    def __init__(
        self,
        challenger: Challenger,
        log: ShadowLog,
        *,
        share: float = 0.05,
        waiting: int = 64,
        every: float = 30.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        if isinstance(share, bool) or not 0 <= share <= 1:
            raise ShadowError("share", share, "a number from 0 to 1")
        if isinstance(waiting, bool) or not isinstance(waiting, int) or waiting < 1:
            raise ShadowError("waiting", waiting, "a whole number of at least 1")
        if not every >= 0:
            raise ShadowError("every", every, "seconds, 0 or more")
        self._challenger, self.log = challenger, log
        self._share, self._every, self._chance = share, every, chance
        self._waiting = waiting
        self._closed = False
        self._renew()

    def _renew(self) -> None:
        """Begin with nothing; what a fork copied may be locked by a thread that the child does not have."""
        self._process = os.getpid()
        self._queue: queue.Queue[_Item | None] = queue.Queue(self._waiting)
        self._counts = ShadowCounts()
        self._dropped = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def offer(self, text: str, answer: Analysis) -> bool:
        """Let the challenger read a text that the champion has answered. Never waits, never raises.

        Args:
            text: The text; it stays in memory until it was read.
            answer: What the champion said.

        Returns:
            Whether the challenger will read it.
        """
        if self._closed or self._share <= 0 or self._chance() >= self._share:
            return False
        tasks = tuple(task for task in _TASKS if getattr(answer, task) is not None)
        if self._process != os.getpid():
            self._renew()
        try:
            self._started()
            self._queue.put_nowait((text, answer, tasks))
        except (queue.Full, RuntimeError):  # no thread can be started any more
            with self._lock:
                self._dropped += 1
            return False
        return True

    def close(self, wait: float = 5.0) -> None:
        """End the thread and write what was counted. May be called again.

        Args:
            wait: Seconds for the text that the challenger is at.
        """
        self._closed = True
        if self._process != os.getpid():
            return
        with contextlib.suppress(queue.Empty):
            while True:
                self._queue.get_nowait()
                self._queue.task_done()
                with self._lock:
                    self._dropped += 1
        if self._thread is not None:
            with contextlib.suppress(queue.Full):
                self._queue.put_nowait(None)
            self._thread.join(wait)

    def flush(self, wait: float = 5.0) -> bool:
        """Wait until the challenger has read everything; return whether it has."""
        end = time.monotonic() + wait
        while self._queue.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.005)
        return not self._queue.unfinished_tasks

    def _started(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    # A daemon: a challenger that hangs must not keep the app from ending.
                    thread = threading.Thread(target=self._work, name="edgewise-shadow", daemon=True)
                    thread.start()
                    self._thread = thread

    def _work(self) -> None:
        written = time.monotonic()
        while True:
            with contextlib.suppress(queue.Empty):
                item = self._queue.get(timeout=self._every or None)
                try:
                    if item is None:
                        return self._write()
                    self._compare(*item)
                finally:
                    self._queue.task_done()
            if time.monotonic() - written >= self._every:
                self._write()
                written = time.monotonic()

    def _compare(self, text: str, champion: Analysis, tasks: tuple[str, ...]) -> None:
        pair = (champion.model, "")
        try:
            answer = self._challenger.analyze(text, tasks=tasks)
            pair = (champion.model, answer.model)
            said = [(task, _label(champion, task), _label(answer, task)) for task in tasks]
        except Exception:
            # Whatever a challenger does, an app must not notice: it is counted, and shows in the figures.
            self._counts.failed(pair)
            return
        for task, one, other in said:
            self._counts.compared(pair, task, champion.language.label, one, other)

    def _write(self) -> None:
        with self._lock:
            self._counts.dropped, self._dropped = self._dropped + self._counts.dropped, 0
        if self.log.add(self._counts):
            self._counts = ShadowCounts()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _label(answer: Analysis, task: str) -> str:
    prediction: Any = getattr(answer, task)
    return str(prediction.label) if prediction is not None else ""
