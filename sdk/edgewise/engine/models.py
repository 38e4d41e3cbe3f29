"""The models of a bundle, each loaded when it is first needed."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from edgewise.bundle import Bundle
from edgewise.bundle.manifest import NGRAM_HEADS, NGRAM_LINEAR, ModelSpec
from edgewise.engine.backend import Backend
from edgewise.engine.detector import Detector
from edgewise.engine.encoder import load_encoder
from edgewise.engine.judge import Judge
from edgewise.engine.settings import LANGUAGE, Settings
from edgewise.errors import BackendError, BackendLoadError
from edgewise_runtimes import BackendChoice

if TYPE_CHECKING:
    from edgewise.engine.second import Second
    from edgewise.ngrams import NgramHeads

Plan = tuple[tuple[str, tuple[str, ...]], ...]
"""Names of encoders, each with the tasks it answers."""


class Models:
    """Loads models once and keeps them. Safe to use from many threads.

    Args:
        bundle: The bundle they are in.
        settings: How to load them.
        languages: Languages to choose from, None for all.
        cache: Where choices and what backends compiled are kept, None for the user's cache folder.
    """

    def __init__(
        self,
        bundle: Bundle,
        settings: Settings,
        languages: tuple[str, ...] | None,
        cache: Path | None = None,
    ) -> None:
        self._languages = languages
        self._bundle = bundle
        self._manifest = bundle.manifest
        self._settings = settings
        self._lock = Lock()
        self._encoders: dict[str, Judge] = {}
        self._ngrams: dict[str, NgramHeads] = {}
        self._detector: Detector | None = None
        self._backend = Backend(bundle, settings, cache)
        self._plans: dict[tuple[str | None, tuple[str, ...]], Plan] = {}

    def detector(self) -> Detector:
        """Return the language model.

        Raises:
            BundleError: Its file is missing, too large or not the one that was packed.
            BackendLoadError: It is no model of a kind that is known here.
        """
        if self._detector is None:
            with self._lock:
                if self._detector is None:
                    self._detector = _load_detector(self._bundle, self._languages)
        return self._detector

    def encoder(self, name: str) -> Judge:
        """Return a model that judges texts: an encoder, or n-gram heads.

        Raises:
            BundleError: A file of it is missing, too large or not the one that was packed.
            BackendError: No backend can be used, or the one in use cannot load it.
        """
        found = self._encoders.get(name)
        if found is None:
            with self._lock:
                found = self._encoders.get(name)
                if found is None:
                    found = self._encoders[name] = self._load(name)
        return found

    def _load(self, name: str) -> Judge:
        """Load an encoder by the chosen backend, or by the next best one where that is allowed."""
        spec = self._manifest.models[name]
        if self._settings.toxic_share is not None:
            from edgewise.engine.thresholds import for_share

            spec = for_share(spec, self._settings.toxic_share)
        if spec.kind == NGRAM_HEADS:
            self._backend.choice()  # refuses a backend that was asked for by name and cannot serve
            from edgewise.engine.ngram_model import NgramModel

            return NgramModel(spec.tasks, self._heads(name), self._settings.max_windows)
        second = self._second(spec)
        while True:
            runtime, options, precision = self._backend.ready()
            try:
                windows = self._settings.max_windows
                return load_encoder(self._bundle, spec, runtime, options, windows, precision, second)
            except BackendError as error:
                if not self._backend.give_up(str(error)):
                    raise
            # All encoders run on one backend. Those in use elsewhere are freed when they are let go.
            self._encoders.clear()

    def _second(self, spec: ModelSpec) -> Second | None:
        if spec.beside is None:
            return None
        from edgewise.engine.second import Second

        return Second(self._heads(spec.beside.model), spec.beside, spec.tasks)

    def _heads(self, name: str) -> NgramHeads:
        """Return n-gram heads; several models may have them beside them."""
        found = self._ngrams.get(name)
        if found is None:
            from edgewise.ngrams import NgramHeads

            spec = self._manifest.models[name]
            data = self._bundle.read(spec.artifacts[0].file)
            found = self._ngrams[name] = NgramHeads.from_bytes(data, spec.config)
        return found

    def choice(self) -> BackendChoice:
        """Return which backend runs the encoders, and why not the others.

        Raises:
            BackendError: No backend can be used.
        """
        return self._backend.choice()

    def plan(self, language: str | None, tasks: tuple[str, ...]) -> Plan:
        """Return which encoders answer, and what.

        Where a language has a model of its own that lacks a task, the default model does that task.

        Args:
            language: The text's language, None when it is not sure.
            tasks: The tasks asked for.
        """
        known = self._plans.get((language, tasks))
        if known is None:
            routed = self._manifest.routes.model_for(language)
            names: dict[str, list[str]] = {}
            for task in tasks:
                if task != LANGUAGE:
                    own = task in self._manifest.models[routed].tasks
                    names.setdefault(routed if own else self._manifest.routes.default, []).append(task)
            known = tuple((name, tuple(answered)) for name, answered in names.items())
            self._plans[(language, tasks)] = known
        return known

    def load(self, tasks: tuple[str, ...]) -> None:
        """Load everything that the tasks may need, whatever the language.

        Raises:
            BundleError: A file is missing, too large or not the one that was packed.
            BackendError: No backend can be used, or the one in use cannot load a model.
        """
        self.detector()
        for language in (None, *self._manifest.routes.by_language):
            for name, _ in self.plan(language, tasks):
                self.encoder(name)

    def close(self) -> None:
        """Free every model."""
        for encoder in self._encoders.values():
            encoder.close()


def _load_detector(bundle: Bundle, languages: tuple[str, ...] | None) -> Detector:
    home = bundle.manifest.routes.language
    if home is None or (languages is not None and len(languages) == 1):
        return Detector(None, None, languages)
    spec = bundle.manifest.models[home]
    artifact = spec.artifacts[0]
    if spec.kind != NGRAM_LINEAR:
        raise BackendLoadError(
            artifact.backend, home, f"a model of kind {spec.kind!r} cannot tell languages here"
        )
    from edgewise.language import LanguageModel

    model = LanguageModel.from_bytes(bundle.read(artifact.file), spec.config)
    if tuple(model.labels) != spec.tasks[LANGUAGE].labels:
        raise BackendLoadError(artifact.backend, home, "its languages are not those that the manifest lists")
    return Detector(model, spec.tasks[LANGUAGE], languages)
