"""Files of tensors in a work folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from edgewise_cloud.teacher.errors import CheckpointWriteError
from edgewise_cloud.train.work_folder import WorkFileError


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, or its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def write_torch(path: Path, state: dict[str, Any]) -> None:
    """Write tensors to a file, as a whole or not at all.

    Raises:
        CheckpointWriteError: The file can't be written; one that was there stays as it was.
    """
    part = path.with_name(path.name + ".part")
    try:
        try:
            torch.save(state, part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except (OSError, RuntimeError) as error:
        # Torch's own writer raises a RuntimeError when the disk is full.
        raise CheckpointWriteError(path, first_line(error)) from error


def read_torch(path: Path) -> dict[str, Any]:
    """Read what `write_torch` wrote; no code in it is run.

    Raises:
        WorkFileError: The file is broken.
    """
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # torch raises many kinds for a broken file
        raise WorkFileError(path, first_line(error)) from error
    return state
