"""The product under evaluation: analyzers of one bundle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgewise.labels import TASKS, UNDETERMINED

if TYPE_CHECKING:
    from edgewise.analyzer import Analyzer


class Product:
    """Makes analyzers of one bundle, each at most once.

    Attributes:
        model: Name or folder of the bundle; None for the one that an app gets by default.
        threads: Threads an analyzer may use; None for its own choice.
    """

    def __init__(self, model: str | None = None, threads: int | None = None) -> None:
        """Remember what to make; nothing is loaded yet."""
        self.model = model
        self.threads = threads
        self._made: dict[tuple[tuple[str, ...], tuple[str, ...] | None], Analyzer] = {}

    def __call__(self, *, tasks: Sequence[str], languages: Sequence[str] | None) -> Analyzer:
        """Return the analyzer for some tasks, that may answer with these languages only (None: all)."""
        from edgewise.analyzer import Analyzer

        key = (tuple(tasks), None if languages is None else tuple(languages))
        if key not in self._made:
            self._made[key] = Analyzer(self.model, tasks=key[0], languages=key[1], threads=self.threads)
        return self._made[key]

    @property
    def name(self) -> str:
        """Name and version of the bundle."""
        manifest = self(tasks=("language",), languages=None).bundle.manifest
        return f"{manifest.name} {manifest.version}"

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that the bundle does; language only if it has a model for it."""
        from edgewise.analyzer import Analyzer

        with Analyzer(self.model) as analyzer:
            labels = analyzer.labels
        return tuple(task for task in TASKS if set(labels.get(task, ())) - {UNDETERMINED})

    def close(self) -> None:
        """Close every analyzer that was made."""
        for analyzer in self._made.values():
            analyzer.close()
        self._made.clear()
