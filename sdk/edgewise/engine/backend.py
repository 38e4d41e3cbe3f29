"""The backend that runs a bundle's encoders: chosen once, when the first of them is needed."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from edgewise.bundle import Bundle, ModelSpec
from edgewise.bundle.manifest import ENCODER
from edgewise.engine.encoder import also_reads, backends_of, read_artifact
from edgewise.engine.settings import Settings
from edgewise_runtimes import Artifact, BackendChoice, Runtime, SessionOptions, runtime
from edgewise_runtimes.selection.candidate import AUTO, Candidate, parse_wanted
from edgewise_runtimes.selection.select import Offer, Selection, Wish, select

_NUMPY = "numpy"
"""Runs the models that need no backend."""


class Backend:
    """Chooses the backend on first use. Safe to use from many threads.

    Args:
        bundle: The bundle whose encoders it runs.
        settings: What is asked for.
        cache: Where choices and what backends compiled are kept, None for the user's cache folder.
    """

    def __init__(self, bundle: Bundle, settings: Settings, cache: Path | None = None) -> None:
        self._bundle = bundle
        self._settings = settings
        self._cache = cache
        self._lock = Lock()
        self._selection: Selection | None = None

    def choice(self) -> BackendChoice:
        """Return which backend runs the encoders, and why not the others.

        Raises:
            BackendError: No backend can be used.
        """
        return (self._selection or self._select()).choice

    def ready(self) -> tuple[Runtime, SessionOptions, str]:
        """Return the backend, how to load a model into it, and the precision to load.

        Raises:
            BackendError: No backend can be used.
        """
        choice = self.choice()
        options = SessionOptions(self._settings.threads, choice.device, _compiled(choice, self._cache))
        return runtime(choice.chosen), options, choice.precision

    def give_up(self, reason: str) -> bool:
        """Take the next best backend after the chosen one did not load; return whether there is one.

        Never when a backend was asked for by name, or nothing else is allowed.
        """
        with self._lock:
            if self._selection is None or self._settings.strict or self._settings.backend != AUTO:
                return False
            following = self._selection.without_first(reason)
            if following is None:
                return False
            self._forget(self._selection.key)
            self._selection = following
        return True

    def _select(self) -> Selection:
        with self._lock:
            if self._selection is None:
                if self._settings.backend in (AUTO, _NUMPY) and not _encoders(self._bundle):
                    self._selection = Selection(BackendChoice(_NUMPY, how="all that its models need"), ())
                else:
                    self._selection = select(self._offer(), self._wish())
            return self._selection

    def _wish(self) -> Wish:
        settings = self._settings
        several = settings.backend == AUTO and len(backends_of(_encoders(self._bundle))) > 1
        return Wish(
            backend=settings.backend,
            threads=settings.threads,
            objective=settings.objective,
            strict=settings.strict,
            store=_store(self._cache) if several else None,
            cache=_compiled(None, self._cache) if several else None,
        )

    def _offer(self) -> Offer:
        specs = _encoders(self._bundle) or [self._default]
        names = backends_of(specs)
        found = [
            Candidate(each.backend, each.precision) for each in specs[0].artifacts if each.backend in names
        ]
        found += self._by_name(found)
        hashes = [file.sha256 for spec in specs for each in spec.artifacts for file in each.files]
        manifest = self._bundle.manifest
        fingerprint = " ".join([manifest.name, manifest.version, *hashes])
        return Offer(found, self._read, self._rows, fingerprint, alone=len(specs) == 1)

    def _by_name(self, found: list[Candidate]) -> list[Candidate]:
        """Return what only a backend asked for by name can do: run another one's artifacts."""
        wanted, _ = parse_wanted(self._settings.backend)
        if wanted == AUTO or any(each.backend == wanted for each in found):
            return []
        others = also_reads(runtime(wanted))
        return [Candidate(wanted, each.precision) for each in found if each.backend in others]

    def _read(self, candidate: Candidate) -> Artifact:
        return read_artifact(self._bundle, self._default, candidate.backend, candidate.precision)

    def _rows(self) -> list[list[int]]:
        """Return the texts of a trial as the default encoder reads them."""
        from edgewise.engine.tokens import TextTokenizer
        from edgewise.engine.trial_texts import trial_texts

        spec = self._default.tokenizer
        if spec is None:
            return [[0]]
        tokenizer = TextTokenizer(self._bundle.read(spec.file), spec, 1)
        return [list(row) for text in trial_texts() for row in tokenizer.read(text).rows[:1]] or [[0]]

    @property
    def _default(self) -> ModelSpec:
        return self._bundle.manifest.models[self._bundle.manifest.routes.default]

    def _forget(self, key: str) -> None:
        if key:
            from edgewise_runtimes.selection.store import forget

            forget(_store(self._cache), key)


def _store(cache: Path | None) -> Path | None:
    from edgewise_runtimes.selection.store import default_folder

    return default_folder() if cache is None else cache / "backends"


def _compiled(choice: BackendChoice | None, cache: Path | None) -> Path | None:
    """Return where a backend may keep what it compiled; the processor's own backend keeps nothing."""
    if choice is not None and choice.chosen == "onnxruntime":
        return None
    store = _store(cache)
    return None if store is None else store.with_name("compiled")


def _encoders(bundle: Bundle) -> list[ModelSpec]:
    routes = bundle.manifest.routes
    names = dict.fromkeys([routes.default, *routes.by_language.values()])
    return [spec for name in names if (spec := bundle.manifest.models[name]).kind == ENCODER]
