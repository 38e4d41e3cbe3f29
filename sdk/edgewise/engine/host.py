"""Where an analyzer's engine lives: opened from a bundle, asked with checked requests, closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from edgewise.bundle import Bundle
from edgewise.engine.ahead import AheadBundle
from edgewise.engine.known import known_labels, likely_files
from edgewise.engine.lifecycle import PerProcess
from edgewise.engine.settings import LANGUAGE, ROWS, Request, Settings, kept, pick_languages, pick_tasks
from edgewise.engine.thresholds import Thresholds, parse_thresholds
from edgewise.errors import AnalyzerClosedError, InputError
from edgewise.results import Analysis

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from concurrent.futures import ThreadPoolExecutor

    from edgewise.engine.engine import Engine
    from edgewise_runtimes import BackendChoice

T = TypeVar("T")

_TIDY_EVERY = 128
"""Texts after which free memory is given back: seldom enough to cost nothing, soon enough after a batch."""

_WORKERS = 4
"""Threads of the pool; beyond this they mostly wait for each other's Python."""


class Host:
    """Holds one engine a process, made when it is first needed. Safe to use from many threads.

    Args:
        bundle: The bundle with the models.
        settings: How to load and read.
        tasks: The tasks to answer when a request names none, None for all that the bundle does.
        languages: Languages to choose from, None for all.

    Attributes:
        bundle: The bundle.
        labels: The labels of every task that is answered; of the language those it chooses from.

    Raises:
        UnknownTaskError: The bundle does no such task.
        UnknownLanguageError: The bundle does not know such a language.
        SettingError: No language is left to choose from.
    """

    def __init__(
        self, bundle: Bundle, settings: Settings, tasks: Iterable[str] | None, languages: Iterable[str] | None
    ) -> None:
        self._known = known_labels(bundle.manifest)
        self._languages = pick_languages(languages, self._known[LANGUAGE])
        self._tasks = pick_tasks(tasks, tuple(self._known))
        self._request = Request(self._tasks)
        self.bundle = bundle
        self.labels = {
            LANGUAGE: self._languages or self._known[LANGUAGE],
            **{task: self._known[task] for task in self._tasks if task != LANGUAGE},
        }
        self._settings = settings
        # The first text loads models, which leaves the most; the second gives it back: nobody waits for that.
        self._since_tidy = _TIDY_EVERY - 2
        self._engines = PerProcess(self._make_engine, _close_engine)
        self._pools = PerProcess(_make_pool, _close_pool)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._engines.closed

    def request(
        self,
        tasks: Iterable[str] | None,
        thresholds: Thresholds | None,
        *,
        explain: bool = False,
        rows: int = ROWS,
    ) -> Request:
        """Return a checked request.

        Raises:
            UnknownTaskError: A task that the bundle does not do.
            UnknownLabelError: A label that the task does not have.
            ThresholdError: A threshold that is no number from 0 to 1.
            SettingError: Something else makes no sense.
            AnalyzerClosedError: `close` was called.
        """
        if self.closed:
            raise AnalyzerClosedError
        if tasks is None and not thresholds and not explain and rows == ROWS:
            return self._request
        asked = self._tasks if tasks is None else pick_tasks(tasks, tuple(self._known))
        return Request(asked, parse_thresholds(thresholds, self._known), explain, rows)

    def judge(self, texts: Sequence[str], request: Request) -> list[Analysis]:
        """Answer for texts, see `Engine.judge`.

        Raises:
            AnalyzerClosedError: `close` was called.
        """
        with self._engines.use() as engine:
            answers = engine.judge(texts, request)
        self._since_tidy += len(texts)  # threads may lose each other's counts, which does no harm
        if self._since_tidy >= _TIDY_EVERY:
            self._tidy()
        return answers

    def judge_one(self, text: str, asked: Asked) -> Analysis:
        """Answer for one text.

        Raises:
            EdgewiseError: See `Engine.judge` and `Asked.of`.
        """
        request = asked.of(self)
        with self._engines.use() as engine:
            answer = engine.judge_one(text, request)
        self._since_tidy += 1
        if self._since_tidy >= _TIDY_EVERY:
            self._tidy()
        return answer

    def judge_around(
        self, items: Sequence[str | InputError], request: Request
    ) -> list[Analysis | InputError]:
        """Answer for the texts among the items; errors stay where they are."""
        answers = iter(self.judge([item for item in items if isinstance(item, str)], request))
        return [next(answers) if isinstance(item, str) else item for item in items]

    def load(self) -> None:
        """Load every model that may be needed and run it once."""
        with self._engines.use() as engine:
            engine.load(self._tasks)
        self._tidy()

    def choice(self) -> BackendChoice:
        """Return which backend is in use, and why not the others."""
        with self._engines.use() as engine:
            return engine.choice()

    def submit(self, loop: AbstractEventLoop, work: Callable[[], T]) -> Future[T]:
        """Hand work to the threads that work for event loops.

        Raises:
            AnalyzerClosedError: `close` was called.
        """
        with self._pools.use() as pool:
            return loop.run_in_executor(pool, work)

    def close(self) -> None:
        """Free everything when the last call under way has finished. May be called again."""
        self._engines.close()
        self._pools.close()

    def _tidy(self) -> None:
        from edgewise_runtimes.heap import release_free_memory

        self._since_tidy = 0
        release_free_memory()

    def _make_engine(self) -> Engine:
        needed = likely_files(self.bundle.manifest, self._tasks, self._languages, self._settings.backend)
        bundle = AheadBundle(self.bundle, needed)
        # Brings numpy, the tokenizer and the backend, so not before the first text comes.
        from edgewise.engine.engine import Engine

        return Engine(bundle, self._settings, self._languages)


class Asked:
    """What one call asks for, in words that any host understands; checked once a host.

    Args:
        tasks: See `Host.request`.
        thresholds: See `Host.request`.
        explain: See `Host.request`.
        rows: See `Host.request`.
    """

    __slots__ = ("_checked", "_explain", "_rows", "_tasks", "_thresholds")

    def __init__(
        self,
        tasks: Iterable[str] | None,
        thresholds: Thresholds | None,
        *,
        explain: bool = False,
        rows: int = ROWS,
    ) -> None:
        self._tasks = kept(tasks)
        self._thresholds = thresholds
        self._explain = explain
        self._rows = rows
        self._checked: tuple[Host, Request] | None = None

    @property
    def plain(self) -> bool:
        """Whether the model's own thresholds count."""
        return self._thresholds is None

    def of(self, host: Host) -> Request:
        """Return the request for a host.

        Raises:
            InputError: It makes no sense, or not to this host; see `Host.request`.
            AnalyzerClosedError: The host is closed.
        """
        checked = self._checked  # read once: other threads may ask another host meanwhile
        if checked is None or checked[0] is not host:
            request = host.request(self._tasks, self._thresholds, explain=self._explain, rows=self._rows)
            checked = self._checked = host, request
        return checked[1]


def _close_engine(engine: Engine) -> None:
    engine.close()


def _make_pool() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    from edgewise_runtimes import available_threads

    return ThreadPoolExecutor(min(_WORKERS, available_threads()), thread_name_prefix="edgewise")


def _close_pool(pool: ThreadPoolExecutor) -> None:
    """Let the threads end when they have done what was handed to them; does not wait."""
    pool.shutdown(wait=False)
