"""The analyzer: a comment in, four answers out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Literal, Self, overload

from edgewise.batching import OnError, as_texts, chunks, keeps_errors, length_of
from edgewise.bundle import Bundle
from edgewise.engine.host import Asked
from edgewise.engine.serving import Serving
from edgewise.engine.settings import ROWS, Settings, at_least_one, check_objective, check_share
from edgewise.engine.thresholds import Thresholds
from edgewise.errors import AnalyzerClosedError, InputError
from edgewise.results import Analysis
from edgewise.text.validate import as_text
from edgewise_runtimes import BackendChoice, SessionOptions

Progress = Callable[[int, int | None], None]
"""Called with the texts done so far, and how many there are, None when that cannot be known."""

_TEXTS_PER_CHUNK = 1024
"""Texts whose rows are sorted by length together: the more, the fuller the runs."""


class Analyzer:
    """Tells language, sentiment, toxicity and emotion of texts, on this machine, with no network.

    Models load when first needed, or in `warm_up`; what the bundle says of itself is read at once, so a wrong
    name is an error here. One analyzer serves any number of threads. After a fork the child loads models of
    its own on first use. An analyzer holds its models until `close`.

    Args:
        model: Name of a bundle inside the package, a path to a bundle folder, or None for the default bundle.
            `name@1.4` is the newest 1.4 that `edgewise models pull` fetched, `name@current` the one in use
            there (or, while there is none, the one in the package). See docs/updates.md.
        tasks: The tasks to answer, None for all that the bundle does. The language is always told.
        languages: Languages to choose from, None for all. A single one is taken as a fact.
        backend: Name of the backend to run on, with a device if need be (`"openvino:gpu"`), or `"auto"`. Of
            several that the model is made for and that are installed, `"auto"` takes the one that does best
            here: each is tried in a process of its own and measured, once, and the choice is remembered.
        threads: Threads that one run of a model may use, None for one. The models are small: more pay off for
            long texts and large batches only.
        max_chars: Characters of a text that are read; what is beyond is left out, and the result says so.
        max_windows: Windows of a long text that are read; likewise.
        objective: What `"auto"` looks for: `"latency"` of one text, `"throughput"` of batches, `"memory"`.
        strict: Whether an installed backend that does not work is an error. Otherwise `"auto"` takes the next
            best one, and `backend_report` says so. A backend asked for by name is never replaced.
        toxic_share: Which share of the texts is toxic where they come from, 0.05 for 5 in 100; the thresholds
            of toxicity move to suit it: fewer false alarms, fewer toxic texts found. None keeps them.

    Raises:
        BundleNotFoundError: There is no such bundle.
        BundleError: The bundle's manifest is refused.
        UnknownTaskError: The bundle does no such task.
        UnknownLanguageError: The bundle does not know such a language.
        ThreadCountError: `threads` is no whole number of at least 1.
        InputError: Another setting makes no sense.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        tasks: Iterable[str] | None = None,
        languages: Iterable[str] | None = None,
        backend: str = "auto",
        threads: int | None = None,
        max_chars: int = 100_000,
        max_windows: int = 64,
        objective: str = "latency",
        strict: bool = False,
        toxic_share: float | None = None,
    ) -> None:
        settings = Settings(
            backend,
            SessionOptions(1 if threads is None else threads).threads,
            at_least_one("max_chars", max_chars),
            at_least_one("max_windows", max_windows),
            objective=check_objective(objective),
            strict=strict,
            toxic_share=check_share("toxic_share", toxic_share),
        )
        self._serving = Serving(model, settings, tasks, languages)
        self._usual = Asked(None, None)

    @property
    def bundle(self) -> Bundle:
        """The bundle that answers."""
        return self._serving.host.bundle

    @property
    def labels(self) -> Mapping[str, tuple[str, ...]]:
        """The labels of every task that is answered; of the language those it chooses from."""
        return MappingProxyType(self._serving.host.labels)

    def analyze(
        self,
        text: str,
        *,
        tasks: Iterable[str] | None = None,
        explain: bool = False,
        thresholds: Thresholds | None = None,
    ) -> Analysis:
        """Answer for one text.

        Args:
            text: Any string. In one that has nothing to judge (empty, blank, unknown signs only) the language
                is `"und"`, sentiment and emotion are neutral and unsure, toxicity is non-toxic.
            tasks: The tasks to answer, None for the analyzer's.
            explain: Whether to say which words made it so, at the cost of an answer for each word.
            thresholds: Probabilities to use in place of the model's thresholds. By task, a number or numbers
                by label: `{"sentiment": 0.6, "toxicity": {"insult": 0.9}}`. For toxicity a number stands for
                the attribute `toxicity`, elsewhere for every label.

        Raises:
            InputTypeError: `text` is no `str`.
            UnknownTaskError: A task that the bundle does not do.
            UnknownLabelError: A label that the task does not have.
            ThresholdError: A threshold that is no number from 0 to 1.
            BundleError: A model's file is missing, too large or not the one that was packed.
            BackendError: A model cannot be loaded or fails.
            AnalyzerClosedError: The analyzer is closed.
        """
        if type(text) is not str:
            text = as_text(text)
        usual = tasks is None and thresholds is None and not explain
        asked = self._usual if usual else Asked(tasks, thresholds, explain=explain)
        return self._serving.judge_one(text, asked)

    @overload
    def analyze_batch(
        self,
        texts: Iterable[str],
        *,
        batch_size: int = ...,
        progress: Progress | None = ...,
        tasks: Iterable[str] | None = ...,
        thresholds: Thresholds | None = ...,
        on_error: Literal["raise"] = ...,
    ) -> list[Analysis]: ...

    @overload
    def analyze_batch(
        self,
        texts: Iterable[str],
        *,
        batch_size: int = ...,
        progress: Progress | None = ...,
        tasks: Iterable[str] | None = ...,
        thresholds: Thresholds | None = ...,
        on_error: OnError,
    ) -> list[Analysis | InputError]: ...

    def analyze_batch(
        self,
        texts: Iterable[str],
        *,
        batch_size: int = ROWS,
        progress: Progress | None = None,
        tasks: Iterable[str] | None = None,
        thresholds: Thresholds | None = None,
        on_error: OnError = "raise",
    ) -> list[Analysis] | list[Analysis | InputError]:
        """Answer for many texts, each as if it were alone.

        Args:
            texts: Any iterable of strings: a list, a generator, a column of a table.
            batch_size: The most rows a run of a model may have.
            progress: Called after every chunk of texts.
            tasks: See `analyze`.
            thresholds: See `analyze`.
            on_error: What to do with a value that is no text.

        Returns:
            One analysis a text, in the order of the texts.

        Raises:
            InputTypeError: `texts` holds no texts, or a value in it is none and `on_error` is `"raise"`; the
                error knows the position.
            InputError: `batch_size` or `on_error` makes no sense.
            EdgewiseError: See `analyze`.
        """
        asked = Asked(tasks, thresholds, rows=at_least_one("batch_size", batch_size))
        asked.of(self._serving.host)
        values = as_texts(texts)
        total = length_of(values)
        found: list[Analysis | InputError] = []
        for chunk in chunks(values, _TEXTS_PER_CHUNK, keeps_errors(on_error)):
            found += self._judge_around(chunk, asked)
            if progress is not None:
                progress(len(found), total)
        return found

    @overload
    def stream(
        self,
        texts: Iterable[str],
        *,
        look_ahead: int = ...,
        tasks: Iterable[str] | None = ...,
        thresholds: Thresholds | None = ...,
        on_error: Literal["raise"] = ...,
    ) -> Iterator[Analysis]: ...

    @overload
    def stream(
        self,
        texts: Iterable[str],
        *,
        look_ahead: int = ...,
        tasks: Iterable[str] | None = ...,
        thresholds: Thresholds | None = ...,
        on_error: OnError,
    ) -> Iterator[Analysis | InputError]: ...

    def stream(
        self,
        texts: Iterable[str],
        *,
        look_ahead: int = 16,
        tasks: Iterable[str] | None = None,
        thresholds: Thresholds | None = None,
        on_error: OnError = "raise",
    ) -> Iterator[Analysis] | Iterator[Analysis | InputError]:
        """Answer for texts as they come, without end if need be.

        Nothing is taken from `texts` before the first answer is asked for, and never more than `look_ahead`
        texts beyond the last answer given.

        Args:
            texts: Any iterable of strings.
            look_ahead: Texts that are read together: more are faster, 1 answers each before the next is read.
            tasks: See `analyze`.
            thresholds: See `analyze`.
            on_error: What to do with a value that is no text.

        Returns:
            An iterator over one analysis a text, in the order of the texts.

        Raises:
            InputTypeError: `texts` holds no texts; when its turn comes, a value in it that is none.
            InputError: `look_ahead` or `on_error` makes no sense.
            EdgewiseError: See `analyze`.
        """
        asked = Asked(tasks, thresholds)
        asked.of(self._serving.host)
        size = at_least_one("look_ahead", look_ahead)
        pieces = chunks(as_texts(texts), size, keeps_errors(on_error))
        return chain.from_iterable(self._judge_around(chunk, asked) for chunk in pieces)

    async def aanalyze(
        self,
        text: str,
        *,
        tasks: Iterable[str] | None = None,
        explain: bool = False,
        thresholds: Thresholds | None = None,
    ) -> Analysis:
        """Answer for one text without blocking the event loop.

        The work is done on a thread of the analyzer's own; loading the models is the one part of it that may
        hold up other threads for some milliseconds, so call `warm_up` first.

        When the task is cancelled, work that has not begun is dropped; work under way finishes unheard.

        Args:
            text: See `analyze`.
            tasks: See `analyze`.
            explain: See `analyze`.
            thresholds: See `analyze`.

        Raises:
            EdgewiseError: See `analyze`.
        """
        from asyncio import get_running_loop

        def work() -> Analysis:
            return self.analyze(text, tasks=tasks, explain=explain, thresholds=thresholds)

        loop = get_running_loop()
        return await self._serving.run(lambda host: host.submit(loop, work))

    def warm_up(self) -> None:
        """Load every model that may be needed and run it once: the first answer is then as fast as the next.

        Raises:
            EdgewiseError: See `analyze`.
        """
        self._serving.run(lambda host: host.load())

    def reload(self) -> bool:
        """Look again what the model's name means, and change to that version without losing a call.

        The new version is loaded first, while the old one goes on answering; calls under way finish with the
        one that they began with. For a bundle of the package or a folder, of which there is one only, nothing
        happens.

        Returns:
            Whether another version answers now.

        Raises:
            AnalyzerClosedError: The analyzer is closed.
            EdgewiseError: The new version cannot be used, or does not do the tasks asked for; the old one
                goes on answering.
        """
        return self._serving.reload()

    def backend_report(self) -> BackendChoice:
        """Return which backend is in use, and why not the others.

        Raises:
            EdgewiseError: No backend can be used, or the analyzer is closed.
        """
        return self._serving.run(lambda host: host.choice())

    def close(self) -> None:
        """Free the models. Calls under way finish, later ones fail. May be called again."""
        self._serving.close()

    def _judge_around(self, chunk: Sequence[str | InputError], asked: Asked) -> list[Analysis | InputError]:
        return self._serving.run(lambda host: host.judge_around(chunk, asked.of(host)))

    def __enter__(self) -> Self:
        if self._serving.host.closed:
            raise AnalyzerClosedError
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        manifest = self.bundle.manifest
        state = ", closed" if self._serving.host.closed else ""
        return f"<Analyzer {manifest.name}@{manifest.version}: {', '.join(self.labels)}{state}>"
