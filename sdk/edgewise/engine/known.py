"""What a bundle can do, read from its manifest."""

from __future__ import annotations

from edgewise.bundle.manifest import Manifest
from edgewise.engine.settings import LANGUAGE
from edgewise.labels import TASKS

_ENCODER = "encoder"


def known_tasks(manifest: Manifest) -> tuple[str, ...]:
    """Return the tasks that a bundle does for every language, in the usual order.

    The language is one of them.
    """
    default = manifest.models[manifest.routes.default]
    done = default.tasks if default.kind == _ENCODER else ()
    return tuple(task for task in TASKS if task == LANGUAGE or task in done)


def known_labels(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """Return the labels of every task in `known_tasks`; no languages without a language model."""
    found: dict[str, tuple[str, ...]] = {}
    for task in known_tasks(manifest):
        home = manifest.routes.language if task == LANGUAGE else manifest.routes.default
        found[task] = manifest.models[home].tasks[task].labels if home is not None else ()
    return found


def language_backend(manifest: Manifest) -> str:
    """Return what runs the language model, `"none"` without one."""
    home = manifest.routes.language
    return manifest.models[home].artifacts[0].backend if home is not None else "none"
