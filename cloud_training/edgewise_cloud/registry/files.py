"""The files of a model: their hashes when it is registered, the same when it is fetched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from edgewise_cloud.registry.errors import ModelFolderError

Hashes = Mapping[str, str]
"""sha256 by path relative to the model's folder, with forward slashes."""


def hashes_of(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below a folder.

    Raises:
        ModelFolderError: It is no folder, or has no file.
    """
    if not folder.is_dir():
        raise ModelFolderError(folder, "there is no such folder")
    found = {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    if not found:
        raise ModelFolderError(folder, "it holds no file")
    return found


def sha256(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(hashes: Hashes) -> str:
    """Return one sha256 for all files, names included."""
    return hashlib.sha256(json.dumps(dict(hashes), sort_keys=True).encode()).hexdigest()


def difference(hashes: Hashes, folder: Path) -> tuple[str, str] | None:
    """Return the first file of a folder that is not as it should be, and how; None when all are."""
    found = hashes_of(folder) if folder.is_dir() and any(folder.iterdir()) else {}
    for name in sorted(hashes.keys() | found.keys()):
        if name not in found:
            return name, "it is missing"
        if name not in hashes:
            return name, "it was not registered"
        if found[name] != hashes[name]:
            return name, f"its sha256 is {found[name]}, not {hashes[name]}"
    return None
