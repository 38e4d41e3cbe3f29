"""Which host answers for an analyzer: it can be replaced while calls are under way, and none is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from edgewise.bundle import Bundle, resolve
from edgewise.engine.host import Asked, Host
from edgewise.engine.settings import Settings, kept
from edgewise.errors import AnalyzerClosedError, BackendError, BundleError, EdgewiseError
from edgewise.results import Analysis

if TYPE_CHECKING:
    from edgewise.updates.opening import Opened

P = ParamSpec("P")
T = TypeVar("T")


class _Served:
    """A host and, where its bundle lies in a store of updates, what keeps it there."""

    __slots__ = ("host", "opened", "proven")

    def __init__(self, host: Host, opened: Opened | None) -> None:
        self.host = host
        self.opened = opened
        self.proven = opened is None or opened.trial is None

    def run(self, work: Callable[[Host], T]) -> T:
        trial = self.opened.trial if self.opened is not None else None
        if trial is None or not trial.pending:
            self.proven = True
            return work(self.host)
        trial.begin()
        done = False
        try:
            answer = work(self.host)
            done = self.proven = True
            return answer
        finally:
            trial.end(proven=done)


class Serving:
    """Holds the host that answers. Safe to use from many threads.

    Args:
        model: What the analyzer was told to use.
        settings: How to load and read.
        tasks: See `Host`.
        languages: See `Host`.

    Raises:
        EdgewiseError: See `Analyzer`.
    """

    def __init__(
        self,
        model: str | Path | None,
        settings: Settings,
        tasks: Iterable[str] | None,
        languages: Iterable[str] | None,
    ) -> None:
        self._model = model
        self._settings = settings
        # What can be read only once is needed again at every reload.
        self._tasks = kept(tasks)
        self._languages = kept(languages)
        self._without: set[str] = set()
        self._lock = Lock()
        self._served = self._open()

    @property
    def host(self) -> Host:
        """The host that answers now."""
        return self._served.host

    def run(self, work: Callable[Concatenate[Host, P], T], *given: P.args, **named: P.kwargs) -> T:
        """Do something with the host that answers; again with its successor when it is replaced meanwhile.

        A version of a store that cannot be loaded is left for the one before it.

        Args:
            work: Gets the host, and what else is given.
            given: See `work`.
            named: See `work`.

        Raises:
            AnalyzerClosedError: `close` was called.
            EdgewiseError: What `work` raises.
        """
        while True:
            served = self._served
            try:
                if served.proven:
                    return work(served.host, *given, **named)
                return served.run(lambda host: work(host, *given, **named))
            except (AnalyzerClosedError, BackendError, BundleError) as error:
                if not self._has_successor(served, error):
                    raise

    def judge_one(self, text: str, asked: Asked) -> Analysis:
        """Do `run` of `Host.judge_one`; it is what is asked most, and a call within a call takes its time.

        Raises:
            EdgewiseError: See `run`.
        """
        served = self._served
        if served.proven:
            try:
                return served.host.judge_one(text, asked)
            except (AnalyzerClosedError, BackendError, BundleError) as error:
                if not self._has_successor(served, error):
                    raise
        return self.run(Host.judge_one, text, asked)

    def reload(self) -> bool:
        """Look again which version the model's name means; load it, then let it answer.

        Returns:
            Whether another version answers now.

        Raises:
            AnalyzerClosedError: `close` was called.
            EdgewiseError: The new version cannot be used; the old one goes on.
        """
        with self._lock:
            before = self._served
            if before.host.closed:
                raise AnalyzerClosedError
            fresh = self._open()
            if _place(fresh) == _place(before):
                return False
            try:
                fresh.run(lambda host: host.load())
            except (BackendError, BundleError) as error:
                fresh.host.close()
                self._leave(fresh, error)
                raise
            except EdgewiseError:
                fresh.host.close()
                raise
            self._served = fresh
        before.host.close()
        return True

    def close(self) -> None:
        """Free everything when the last call under way has finished. May be called again."""
        with self._lock:
            self._served.host.close()

    def _open(self) -> _Served:
        opened = None
        if isinstance(self._model, str):
            # Only names can be those of a store; its part of the SDK is not imported for anything else.
            from edgewise.updates.opening import is_spec, open_model

            if is_spec(self._model):
                opened = open_model(self._model, self._without)
        bundle = opened.bundle if opened is not None else Bundle.open(resolve(self._model))
        settings = replace(self._settings, arm=opened.arm) if opened is not None else self._settings
        return _Served(Host(bundle, settings, self._tasks, self._languages), opened)

    def _has_successor(self, served: _Served, error: Exception) -> bool:
        """Tell whether another host answers now that one could not."""
        if isinstance(error, AnalyzerClosedError):
            return served is not self._served
        return served.opened is not None and self._fall_back(served, error)

    def _fall_back(self, served: _Served, error: Exception) -> bool:
        """Leave a version that cannot be loaded; tell whether another one answers now."""
        with self._lock:
            if self._served is not served:
                return True
            if served.opened is None or served.opened.store is None:
                return False
            if served.proven and isinstance(error, BackendError):
                return False  # it has answered before, so it is this call that cannot be answered
            self._leave(served, error)
            try:
                self._served = self._open()
            except EdgewiseError:
                return False
        served.host.close()
        return True

    def _leave(self, served: _Served, error: Exception) -> None:
        self._without.add(served.host.bundle.folder.name)
        if served.opened is not None:
            served.opened.leave(str(error))


def _place(served: _Served) -> tuple[Path, str | None]:
    """Say what is served: the folder, and the arm that its results carry."""
    return served.host.bundle.folder, served.opened.arm if served.opened is not None else None
