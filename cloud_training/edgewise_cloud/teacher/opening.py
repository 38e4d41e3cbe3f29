"""Open a finished teacher, of whatever kind it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgewise_cloud.ngrams.teacher import KIND, POOLED, NgramTeacher
from edgewise_cloud.teacher.bundles import MANIFEST, BundleTeacher
from edgewise_cloud.teacher.saved import FACTS, Teacher

ANY = POOLED
"""The code of no language in particular: teachers know it that were not trained for some languages alone."""


class AnyTeacher(Protocol):
    """What every kind of teacher can do."""

    @property
    def name(self) -> str:
        """Short name."""
        ...

    @property
    def labels(self) -> Mapping[str, tuple[str, ...]]:
        """The labels of each task, in the order of its probabilities."""
        ...

    @property
    def tasks(self) -> Mapping[str, Mapping[str, Any]]:
        """By task, the form of a task in a bundle's manifest."""
        ...

    def knows(self, language: str, task: str) -> bool:
        """Tell whether it learned a task in a language."""
        ...

    def probabilities(
        self, texts: Sequence[str], languages: Sequence[str] | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """Return calibrated probabilities of each task for n texts: float32 [n, labels]."""
        ...


def open_teacher(folder: Path) -> Teacher | NgramTeacher | BundleTeacher:
    """Read a teacher: an encoder with heads, n-grams, or a packed bundle.

    Raises:
        TeacherFolderError: The folder holds none.
        EncoderError: Its encoder can't be loaded.
        BundleError: A file of the bundle can't be read.
    """
    if (folder / MANIFEST).is_file():
        return BundleTeacher.load(folder)
    try:
        kind = json.loads((folder / FACTS).read_text(encoding="utf-8")).get("kind")
    except (OSError, ValueError, AttributeError):
        kind = None  # what is wrong with it, reading says
    return NgramTeacher.load(folder) if kind == KIND else Teacher.load(folder)
