"""What a bundle can do, read from its manifest."""

from __future__ import annotations

from collections.abc import Iterable

from edgewise.bundle.manifest import ENCODER, NGRAM_HEADS, FileRef, Manifest
from edgewise.engine.settings import LANGUAGE
from edgewise.errors import UnknownBackendError
from edgewise.labels import TASKS


def known_tasks(manifest: Manifest) -> tuple[str, ...]:
    """Return the tasks that a bundle does for every language, in the usual order.

    The language is one of them.
    """
    default = manifest.models[manifest.routes.default]
    done = default.tasks if default.kind in (ENCODER, NGRAM_HEADS) else ()
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


def likely_files(
    manifest: Manifest, tasks: tuple[str, ...], languages: tuple[str, ...] | None, backend: str
) -> list[FileRef]:
    """Return the files that a first text will most likely need, in the order in which they are needed.

    Args:
        manifest: The bundle's manifest.
        tasks: The tasks to answer.
        languages: Languages to choose from, None for all.
        backend: A backend's name, or `"auto"`: of several that are installed none is likelier than another.
    """
    found: list[FileRef] = []
    home = manifest.routes.language
    if home is not None and (languages is None or len(languages) > 1):
        found.append(manifest.models[home].artifacts[0].file)
    default = manifest.models[manifest.routes.default]
    if default.tokenizer is not None and any(task != LANGUAGE for task in tasks):
        wanted = backend.partition(":")[0]
        if wanted == "auto":
            wanted = _only_one([each.backend for each in default.artifacts])
        usable = [each.files for each in default.artifacts if each.backend == wanted]
        found += [default.tokenizer.file, *(file for files in usable[:1] for file in files)]
        if default.beside is not None:
            found += manifest.models[default.beside.model].files
    elif default.kind == NGRAM_HEADS:
        found += default.files
    return found


def _only_one(backends: Iterable[str]) -> str:
    """Return the backend that is the only one, or the only one installed; empty when it is not that clear."""
    names = tuple(dict.fromkeys(backends))
    if len(names) > 1:
        names = tuple(name for name in names if _is_installed(name))
    return names[0] if len(names) == 1 else ""


def _is_installed(backend: str) -> bool:
    # Needed for bundles with several backends only, and not while Edgewise is imported.
    from edgewise_runtimes.registry import missing, runtime

    try:
        return missing(runtime(backend)) is None
    except UnknownBackendError:
        return False
