"""The folder of a training run: whose it is, and how files come into it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgewise.errors import EdgewiseError

RUN = "run.json"


class WorkFolderError(EdgewiseError, ValueError):
    """A work folder belongs to another run.

    Attributes:
        folder: The folder.
        differing: What that run was told otherwise.
    """

    def __init__(self, folder: Path, differing: Sequence[str]) -> None:
        self.folder = folder
        self.differing = tuple(differing)
        super().__init__(
            f"{folder} holds a run with other settings ({', '.join(self.differing)}), and going on from it "
            "would mix the two. Give the settings of that run, or another --work folder."
        )


class WorkFileError(EdgewiseError, ValueError):
    """A file in a work folder is not what a run leaves there.

    Attributes:
        path: The file.
        reason: What is wrong with it.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} cannot be used: {reason.rstrip('.')}. Delete it and run the training again."
        )


def claim(folder: Path, settings: Mapping[str, Any]) -> None:
    """Make a work folder one's own, or find it to be.

    Args:
        folder: Made if it is not there.
        settings: All that the results depend on, as JSON can say it.

    Raises:
        WorkFolderError: It was claimed with other settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(settings, ensure_ascii=False, indent=1, sort_keys=True)
    path = folder / RUN
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        replace_file(path, text.encode())
        return
    except ValueError as error:
        raise WorkFileError(path, str(error)) from error
    differing = _differing(found, json.loads(text))
    if differing:
        raise WorkFolderError(folder, differing)


def _differing(old: Any, new: Any, where: str = "") -> list[str]:
    """Return the names of the innermost values that are not the same."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = sorted(old.keys() | new.keys())
        return [
            found
            for name in names
            for found in _differing(old.get(name), new.get(name), f"{where}.{name}" if where else name)
        ]
    return [] if old == new else [where or RUN]


def replace_file(path: Path, data: bytes) -> None:
    """Write a file beside its place, then move it there: a reader sees the old one or the new one."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
