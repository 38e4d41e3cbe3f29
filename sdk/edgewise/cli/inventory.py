"""Which bundles there are: inside the package, and in the user's data folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from edgewise.bundle import Manifest, bundled, read_manifest
from edgewise.errors import BundleError
from edgewise.labels import TASKS, UNDETERMINED

IN_PACKAGE = "package"
"""Where a bundle is that came with the wheel."""


@dataclass(frozen=True)
class Found:
    """A bundle that was found.

    Attributes:
        name: Its name, or that of its folder when its manifest cannot be read.
        folder: Where it lies.
        where: `"package"`, or its folder.
        manifest: What it says about itself, or None.
        problem: Why its manifest cannot be read, or None.
    """

    name: str
    folder: Path
    where: str
    manifest: Manifest | None
    problem: str | None = None

    @property
    def size(self) -> int:
        """Bytes of its files, as its manifest says."""
        return sum(ref.size for ref in self.manifest.files) if self.manifest else 0

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that it does."""
        return tasks_of(self.manifest) if self.manifest else ()

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that it tells apart."""
        return languages_of(self.manifest) if self.manifest else ()

    @property
    def summary(self) -> dict[str, float]:
        """By task the mean over its measured test sets, as `means`."""
        return means(self.manifest) if self.manifest else {}

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        if self.manifest is None:
            return {"name": self.name, "folder": str(self.folder), "problem": self.problem}
        return {
            "name": self.name,
            "version": self.manifest.version,
            "licence": self.manifest.licence,
            "description": self.manifest.description,
            "size": self.size,
            "tasks": list(self.tasks),
            "languages": list(self.languages),
            "where": self.where,
            "folder": str(self.folder),
            "means": {task: round(value, 4) for task, value in self.summary.items()},
            "metrics": [dict(row) for row in self.manifest.metrics],
        }


def inventory() -> list[Found]:
    """Find all bundles, those of the package first. A broken one is found, too, with its problem."""
    return [*(_look(folder, IN_PACKAGE) for folder in bundled().values()), *map(_look, _installed())]


def tasks_of(manifest: Manifest) -> tuple[str, ...]:
    """Return the tasks that a bundle's models do, in the usual order."""
    found = {task for model in manifest.models.values() for task in model.tasks}
    return tuple(task for task in TASKS if task in found)


def languages_of(manifest: Manifest) -> tuple[str, ...]:
    """Return the languages that a bundle's language model tells apart; empty when it has none."""
    if manifest.routes.language is None:
        return ()
    labels = manifest.models[manifest.routes.language].tasks[TASKS[0]].labels
    return tuple(label for label in labels if label != UNDETERMINED)


def means(manifest: Manifest) -> dict[str, float]:
    """Return by task the plain mean over test sets: accuracy for the language, macro-F1 for the rest."""
    found: dict[str, list[float]] = defaultdict(list)
    for row in manifest.metrics:
        value = row.get("accuracy" if row["task"] == TASKS[0] else "macro_f1")
        if row.get("split") == "test" and isinstance(value, int | float):
            found[row["task"]].append(float(value))
    return {task: fmean(values) for task, values in found.items()}


def _installed() -> Iterator[Path]:
    import platformdirs

    folder = platformdirs.user_data_path("edgewise", appauthor=False) / "models"
    if folder.is_dir():
        yield from (each for each in sorted(folder.iterdir()) if (each / "manifest.json").is_file())
    from edgewise.updates.store import Store

    store = Store()
    yield from filter(None, (store.active(name) for name in store.names()))


def _look(folder: Path, where: str | None = None) -> Found:
    place = where or str(folder)
    try:
        manifest = read_manifest(folder)
    except BundleError as error:
        return Found(folder.name, folder, place, None, str(error))
    return Found(manifest.name, folder, place, manifest)
