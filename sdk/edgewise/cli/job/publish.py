"""From finished answers to the output file under its own name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from edgewise.cli.errors import InputFileError, OutputExistsError
from edgewise.cli.job.partial import Partial, writing
from edgewise.cli.tables.cells import sized_and_hashed


def hash_if_there(path: Path) -> str | None:
    """Return a file's sha256, or None when there is no such file."""
    try:
        return sized_and_hashed(path)[1]
    except InputFileError:
        return None


def publish(partial: Partial, output: Path, overwrite: bool, write: Callable[[Path], None]) -> None:
    """Write the output beside its place, make it safe, and give it its name in one step.

    A run that was killed after any of these steps goes on from there.

    Args:
        partial: The finished work; it is removed at the end.
        output: Where the output belongs.
        overwrite: Whether a file of that name may be replaced.
        write: Writes the output to the path it is given.

    Raises:
        OutputExistsError: A file of that name came into being meanwhile.
        OutputFileError: It cannot be written.
    """
    if partial.finished is None or hash_if_there(output) != partial.finished:
        if partial.finished is None or hash_if_there(partial.output) != partial.finished:
            with writing(output):
                write(partial.output)
                _make_safe(partial.output)
            partial.finish(sized_and_hashed(partial.output)[1])
        with writing(output):
            _give_name(partial.output, output, overwrite)
            _make_safe(output.parent)
    partial.remove()


def _give_name(fresh: Path, output: Path, overwrite: bool) -> None:
    if overwrite:
        fresh.replace(output)
        return
    try:
        output.hardlink_to(fresh)
    except FileExistsError as error:
        raise OutputExistsError(output) from error
    except (OSError, NotImplementedError):
        # No hard links on this file system: look, then move.
        if output.exists():
            raise OutputExistsError(output) from None
        fresh.replace(output)


def _make_safe(path: Path) -> None:
    """Flush a file or folder to the disk, where the system can."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:
        # Windows opens no folders.
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
