"""Writing so that a kill, a full disk or a power cut leaves the old state or the new one, never half of each.

Every write passes a *step*: a function that is told what comes next. Tests put a kill or an error there; in
an app it does nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgewise.bundle.strict_json import parse_object
from edgewise.errors import BundleError
from edgewise.updates.errors import StoreWriteError

Step = Callable[[str], None]
"""Called with the name of the step that comes next."""


def no_step(name: str) -> None:
    """Do nothing."""


@contextmanager
def writing(path: Path | str) -> Iterator[None]:
    """Turn what the system says while something is written into `StoreWriteError`."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # one of our own
            raise
        raise StoreWriteError(path, error.strerror or str(error)) from error


def write_atomically(path: Path, data: bytes, step: Step = no_step, *, mode: int = 0o644) -> None:
    """Write a file beside its place, make it safe, then move it there in one step.

    Args:
        path: The file.
        data: What it shall hold.
        step: Told what comes next.
        mode: Who may read it, less what the process keeps to itself.

    Raises:
        StoreWriteError: The system refuses; the old file is as it was.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            step(f"write {path.name}")
            with open(beside, "wb", buffering=0, opener=lambda name, how: os.open(name, how, mode)) as file:
                write_all(file, data)
                step(f"sync {path.name}")
                os.fsync(file.fileno())
            step(f"rename {path.name}")
            beside.replace(path)
            step(f"renamed {path.name}")
            sync_folder(path.parent)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise


def write_all(file: Any, data: bytes) -> None:
    """Write without a buffer: what a full disk refused must not be tried again at closing."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder safe, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a small JSON object; None when it is not there or cannot be used."""
    try:
        return parse_object(path.read_bytes(), path)
    except (OSError, BundleError):
        return None


def to_json(value: Any) -> bytes:
    """Return JSON for a file, for people to read."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def is_plain(path: Path) -> bool:
    """Whether a path is a plain file, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether a path is a folder, and no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def remove_folder(folder: Path) -> None:
    """Delete a folder as far as that can be done; what is left is tried again another time."""
    shutil.rmtree(folder, ignore_errors=True)
