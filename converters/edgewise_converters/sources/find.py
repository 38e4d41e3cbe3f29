"""Find who can read a model, and let it."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from edgewise.errors import EdgewiseError
from edgewise_converters.errors import SourceError
from edgewise_converters.sources.model import EXPORTERS, Loader, Package, SourceOptions

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "edgewise.sources"


def load_source(where: str, options: SourceOptions | None = None) -> Package:
    """Read a model to convert.

    Args:
        where: The work folder of a student, a bundle, or a Hugging Face checkpoint: its folder or hub name.
        options: What the model does not say itself.

    Raises:
        SourceError: Nobody can read it, it is broken, or the exporter is not for such models.
    """
    broken: list[str] = []
    loaders: list[Loader] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda found: found.name):
        try:
            loaders.append(_made(entry))
        except ImportError as error:
            broken.append(f"{entry.name} ({error})")
    for loader in sorted(loaders, key=lambda found: found.order):
        if loader.matches(where):
            return _exportable(_loaded(loader, where, options or SourceOptions()), where, options)
    more = f"; readers that cannot be imported: {', '.join(broken)}" if broken else ""
    raise SourceError(
        where,
        f"it is no work folder of `edgewise train student`, no bundle and no Hugging Face checkpoint{more}",
        "Check the path, or the name on the hub.",
    )


def _exportable(package: Package, where: str, options: SourceOptions | None) -> Package:
    """See that the exporter that was asked for is one for this kind of models."""
    exporter = options.exporter if options else EXPORTERS[0]
    if exporter != EXPORTERS[0] and any(source.export is None for source in package.models):
        raise SourceError(
            where,
            f"{exporter} exports Hugging Face checkpoints, and it is none",
            f"Leave --exporter {exporter} out.",
        )
    return package


def _made(entry: EntryPoint) -> Loader:
    found: Any = entry.load()
    made: Loader = found() if isinstance(found, type) else found
    return made


def _loaded(loader: Loader, where: str, options: SourceOptions) -> Package:
    try:
        return loader.load(where, options)
    except (EdgewiseError, OSError):
        raise
    except Exception as error:  # readers of checkpoints raise what they like
        reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        raise SourceError(where, f"it cannot be read: {reason}", "Check that it was copied whole.") from error
