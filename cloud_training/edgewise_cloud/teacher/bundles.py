"""A packed bundle in the place of a teacher: a student may teach others, or answer beside teachers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.bundle import Bundle
from edgewise.engine.judge import Judge
from edgewise.engine.models import Models
from edgewise.engine.settings import Settings
from edgewise_cloud.train.texts import normalize_all
from edgewise_runtimes.threads import available_threads

MANIFEST = "manifest.json"
_ROWS_PER_RUN = 64
_MAX_CHARS = 100_000


def open_models(bundle: Bundle) -> Models:
    """Load a bundle to ask it about many texts, of each the first window."""
    return Models(bundle, Settings("auto", available_threads(), _MAX_CHARS, max_windows=1), None)


def answers_of(
    encoder: Judge, texts: Sequence[str], tasks: Sequence[str], languages: Sequence[str] | None = None
) -> dict[str, NDArray[np.float32]]:
    """Return the calibrated probabilities of each task [n, labels] of the first window of each text.

    Args:
        encoder: A model of a bundle.
        texts: n normalised texts; one without a token gets NaN.
        tasks: Some of the encoder's.
        languages: Their languages, whose temperatures to use.
    """
    heads = {task: encoder.heads[task] for task in tasks}
    windows = [encoder.tokenizer.read(text).rows for text in texts]
    found = {
        task: np.full((len(texts), len(head.labels)), np.nan, np.float32) for task, head in heads.items()
    }
    some = [place for place, rows in enumerate(windows) if rows]
    logits = encoder.logits([windows[place][0] for place in some], tasks, _ROWS_PER_RUN)
    for number, place in enumerate(some):
        language = None if languages is None else languages[place]
        one = {task: logits[task][number : number + 1] for task in tasks}
        settled = encoder.settle(one, windows[place][:1], texts[place], language)
        for task, head in heads.items():
            found[task][place] = head.scores(settled[task][0], language)
    return found


@dataclass(frozen=True, slots=True)
class BundleTeacher:
    """The encoders of a bundle, each asked about the languages that are routed to it.

    Attributes:
        name: Of the bundle.
        tasks: By task, its form in the manifest's default model.
        routes: Models by language; the default one for all others.
        default: Name of that one.
        models: The bundle, loaded.
    """

    name: str
    tasks: Mapping[str, Mapping[str, Any]]
    routes: Mapping[str, str]
    default: str
    models: Models

    @staticmethod
    def load(folder: Path) -> BundleTeacher:
        """Read a bundle.

        Raises:
            BundleError: The folder holds none.
        """
        bundle = Bundle.open(folder)
        manifest = bundle.manifest
        default = manifest.routes.default
        tasks: dict[str, Any] = manifest.raw["models"][default]["tasks"]
        return BundleTeacher(manifest.name, tasks, manifest.routes.by_language, default, open_models(bundle))

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """The labels of each task, in the order of its probabilities."""
        return {task: tuple(spec["labels"]) for task, spec in self.tasks.items()}

    def knows(self, language: str, task: str) -> bool:
        """Tell whether it answers for a task: so it does in every language."""
        del language
        return task in self.tasks

    def probabilities(
        self, texts: Sequence[str], languages: Sequence[str] | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """Return calibrated probabilities of each task: float32 [n, labels]; even ones of a blank text."""
        plain = normalize_all(list(texts))
        codes = list(languages or [""] * len(texts))
        found = {
            task: np.full((len(texts), len(names)), 1.0 / len(names), np.float32)
            for task, names in self.labels.items()
        }
        where = [self.routes.get(code, self.default) for code in codes]
        for name in sorted(set(where)):
            rows = [row for row, own in enumerate(where) if own == name]
            part, own_codes = [plain[row] for row in rows], [codes[row] for row in rows]
            said = answers_of(self.models.encoder(name), part, tuple(found), own_codes)
            for task, values in found.items():
                values[rows] = np.where(np.isnan(said[task]), values[rows], said[task])
        return found
