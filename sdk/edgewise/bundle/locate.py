"""Where bundles are: inside the package by name, anywhere else by path."""

from __future__ import annotations

from pathlib import Path

from edgewise.bundle.errors import BundleNotFoundError
from edgewise.bundle.files import MANIFEST

DEFAULT_BUNDLE = "edgewise-base"
"""Name of the bundle that answers when none is asked for."""

_MODELS = Path(__file__).parent.parent / "models"


def bundled() -> dict[str, Path]:
    """Return the bundles inside the package: name to folder, sorted by name."""
    if not _MODELS.is_dir():
        return {}
    return {folder.name: folder for folder in sorted(_MODELS.iterdir()) if (folder / MANIFEST).is_file()}


def resolve(model: str | Path | None = None) -> Path:
    """Return the folder of a bundle.

    Args:
        model: Name of a bundle inside the package, a path to a folder, `name` or `name@version` of a model
            that was pulled, or None for the default bundle. They are looked for in this order; write `./name`
            for a folder.

    Raises:
        BundleNotFoundError: There is no such bundle and no such folder.
        NotInstalledError: No such version was pulled.
    """
    if isinstance(model, Path):
        folder = model
    else:
        name = DEFAULT_BUNDLE if model is None else model
        inside = _MODELS / name
        if name and name == inside.name and (inside / MANIFEST).is_file():
            return inside
        folder = Path(name)
    if isinstance(model, str) and not folder.is_dir():
        from edgewise.updates.opening import find_folder, is_spec

        if is_spec(model):
            return find_folder(model)
    if model is None or not str(model) or not folder.is_dir():
        raise BundleNotFoundError(str(folder), tuple(bundled()))
    return folder
